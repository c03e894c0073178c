"""Small models, one per layer and dialect, saved by Keras itself, with an input and Keras' output beside the weights.

    python make_layers.py [NAME …]   # all, or those; needs: pip install tensorflow-cpu keras tf-keras h5py

Writes layers/keras3-NAME.h5 and .keras (Keras 3), layers/keras2-NAME.h5 and .keras (tf-keras, the Keras 2 dialect) and
layers/keras1-NAME.h5 (Keras 1's dialect, written by hand: that Keras no longer installs; the output is that of the same
network in Keras 3). Legacy files hold the group `golden` with `input` and `output`; .keras files have NAME.golden.h5.
"""
import json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import numpy as np
import tensorflow as tf
import keras
import tf_keras

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "layers")


def randomise(model, seed=1):
    rng = np.random.default_rng(seed)
    for index, value in enumerate(model.weights):
        name, shape = value.name if hasattr(value, "path") is False else value.path, tuple(value.shape)
        if not shape or "count" in name:
            continue
        if "variance" in name:
            new = rng.uniform(0.5, 1.5, shape)
        else:
            new = rng.normal(0, 0.5, shape)
        value.assign(new.astype("float32"))
    for layer in model.layers:
        if isinstance(layer, (keras.layers.Normalization, tf_keras.layers.Normalization)):
            layer.finalize_state()


def data(shape, seed=2):
    return np.random.default_rng(seed).normal(0, 1, (2,) + shape).astype("float32")


def golden(path, x, y):
    with h5py.File(path, "w" if path.endswith(".golden.h5") else "a") as file:
        group = file.create_group("golden")
        group["input"], group["output"] = x, np.asarray(y, "float32")


def single(K, layer, shape=(6, 7, 4)):
    """A model of one layer (or a function from a tensor)."""
    image = K.Input(shape)
    return K.Model(image, layer(image))


def cases(K, modern):
    L = K.layers
    yield "conv", lambda: single(K, L.Conv2D(5, (3, 2), strides=(2, 1), padding="same", activation="relu"))
    yield "conv_dilated", lambda: single(K, L.Conv2D(3, 3, dilation_rate=2, use_bias=False))
    yield "conv_groups", lambda: single(K, L.Conv2D(6, 3, groups=2, padding="same"))
    yield "depthwise", lambda: single(K, L.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2))
    yield "separable", lambda: single(K, L.SeparableConv2D(5, 3, depth_multiplier=2, activation="tanh"))
    yield "dense_softmax", lambda: single(K, L.Dense(5, activation="softmax"), (9,))
    yield "dense_on_map", lambda: single(K, L.Dense(3, activation="elu"))
    yield "batch_norm", lambda: single(K, L.BatchNormalization(scale=False, epsilon=1e-2))
    yield "batch_norm_no_beta", lambda: single(K, L.BatchNormalization(center=False))
    yield "batch_norm_axis", lambda: single(K, L.BatchNormalization(axis=1))
    yield "layer_norm", lambda: single(K, L.LayerNormalization(epsilon=1e-4))
    yield "group_norm", lambda: single(K, L.GroupNormalization(groups=2))
    yield "unit_norm", lambda: single(K, L.UnitNormalization(), (9,))
    yield "normalization", lambda: single(K, L.Normalization())
    yield "normalization_fixed", lambda: single(K, L.Normalization(mean=[1, 2, 3, 4.0], variance=[1, 4, 2, 0.5]))
    yield "rescaling", lambda: single(K, L.Rescaling(1 / 127.5, offset=-1))
    yield "prelu", lambda: single(K, L.PReLU(shared_axes=[1, 2]))
    yield "prelu_full", lambda: single(K, L.PReLU())
    yield "relu_parts", lambda: single(K, L.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.2))
    yield "leaky", lambda: single(K, L.LeakyReLU(0.15) if modern else L.LeakyReLU(alpha=0.15))
    yield "elu", lambda: single(K, L.ELU(0.7))
    yield "softmax_layer", lambda: single(K, L.Softmax())
    names = ["relu", "sigmoid", "hard_sigmoid", "tanh", "silu" if modern else "swish", "gelu", "elu", "selu", "softplus",
             "softsign", "exponential", "linear", "softmax"] + (["relu6", "hard_silu", "leaky_relu", "mish"] if modern else ["mish"])
    yield "activations", lambda: activations(K, names)
    yield "pool_max", lambda: single(K, L.MaxPooling2D(3, strides=2, padding="same"))
    yield "pool_average", lambda: single(K, L.AveragePooling2D((3, 2), strides=2, padding="same"))
    yield "global_average", lambda: single(K, L.GlobalAveragePooling2D(keepdims=True))
    yield "global_max", lambda: single(K, L.GlobalMaxPooling2D())
    yield "padding", lambda: single(K, L.ZeroPadding2D(((1, 2), (0, 3))))
    yield "cropping", lambda: single(K, L.Cropping2D(((1, 2), (0, 3))))
    yield "upsampling", lambda: single(K, L.UpSampling2D((2, 3)))
    yield "upsampling_bilinear", lambda: single(K, L.UpSampling2D(2, interpolation="bilinear"))
    yield "flatten_reshape", lambda: single(K, lambda x: L.Reshape((4, -1))(L.Flatten()(x)))
    yield "permute", lambda: single(K, L.Permute((3, 1, 2)))
    yield "merges", lambda: merges(K)
    yield "training_only", lambda: training_only(K)
    yield "shared_nested", lambda: shared_nested(K)
    yield "sequential", lambda: K.Sequential([
        K.Input((6, 7, 4)), L.Conv2D(3, 3, name="only"), L.GlobalAveragePooling2D(), L.Dense(2)])
    yield "operators", lambda: operators(K, modern)
    yield "hard_swish_v3", lambda: hard_swish(K, modern)
    yield "batch_norm_bare", lambda: single(K, L.BatchNormalization(center=False, scale=False))
    yield "layer_norm_parts", lambda: single(K, lambda x: L.Concatenate()(
        [L.LayerNormalization(scale=False)(x), L.LayerNormalization(center=False)(x)]))
    yield "instance_norm", lambda: single(K, L.GroupNormalization(groups=-1))
    yield "depthwise_dilated", lambda: single(K, L.DepthwiseConv2D(3, dilation_rate=2, use_bias=False))
    yield "separable_same", lambda: single(K, L.SeparableConv2D(5, 3, strides=2, padding="same", use_bias=False))
    yield "pool_valid", lambda: single(K, lambda x: L.Concatenate()(
        [L.MaxPooling2D((2, 3), strides=1)(x), L.AveragePooling2D((2, 3), strides=1)(x)]))
    yield "softmax_axis", lambda: single(K, L.Softmax(axis=1))
    yield "scales", lambda: scales(K, modern)
    yield "gelu", lambda: gelu(K, modern)
    if modern:
        yield "first_conv", lambda: first(K)
        yield "first_flatten", lambda: first_flatten(K)


def scales(K, modern):
    """The layers that Keras Applications bring along."""
    if modern:
        from keras.src.applications import convnext, inception_resnet_v2
    else:
        from tf_keras.src.applications import convnext, inception_resnet_v2
    L, image = K.layers, K.Input((6, 7, 4))
    x = convnext.StochasticDepth(0.2, name="depth")(convnext.LayerScale(0.5, 4, name="layer_scale")(image))
    return K.Model(image, inception_resnet_v2.CustomScaleLayer(0.17)([image, L.Conv2D(4, 1)(x)]))


def gelu(K, modern):
    """Both forms: with the error function, and the approximation by tanh, which is an operator."""
    image = K.Input((6, 7, 4))
    approximate = keras.ops.gelu(image, approximate=True) if modern else tf.nn.gelu(image, approximate=True)
    exact = keras.ops.gelu(image, approximate=False) if modern else tf.nn.gelu(image, approximate=False)
    return K.Model(image, K.layers.Concatenate()([approximate, exact, K.layers.Activation("gelu")(image)]))


def activations(K, names):
    image = K.Input((6, 7, 4))
    return K.Model(image, K.layers.Concatenate()([K.layers.Activation(name)(image) for name in names]))


def merges(K):
    L, image = K.layers, K.Input((6, 7, 4))
    a, b = L.Conv2D(4, 1)(image), L.Conv2D(4, 3, padding="same")(image)
    gate = L.GlobalAveragePooling2D(keepdims=True)(b)
    parts = [L.Add()([a, b, image]), L.Subtract()([a, b]), L.Multiply()([a, gate]), L.Average()([a, b]),
             L.Maximum()([a, b]), L.Minimum()([a, b])]
    return K.Model(image, L.Concatenate(axis=1)([L.Concatenate()(parts[:3]), L.Concatenate()(parts[3:])]))


def training_only(K):
    L, image = K.layers, K.Input((6, 7, 4))
    x = L.SpatialDropout2D(0.2)(L.GaussianNoise(0.1)(L.Dropout(0.5)(image)))
    x = L.RandomFlip()(L.RandomRotation(0.1)(L.RandomZoom(0.1)(x)))
    return K.Model(image, L.GaussianDropout(0.1)(L.AlphaDropout(0.1)(x)))


def shared_nested(K):
    L = K.layers
    inner_image = K.Input((6, 7, 4))
    x = L.BatchNormalization(name="inner_bn")(L.Conv2D(4, 3, padding="same", name="inner_conv")(inner_image))
    inner = K.Model(inner_image, L.ReLU()(x), name="inner")
    chain = K.Sequential([K.Input((6, 7, 4)), L.Conv2D(4, 1, name="a"), L.BatchNormalization(name="b")], name="chain")
    shared = L.Conv2D(4, 3, padding="same", name="shared")
    image = K.Input((6, 7, 4))
    x = shared(inner(shared(image)))
    return K.Model(image, L.Add()([inner(x), chain(x)]))


def operators(K, modern):
    image = K.Input((6, 7, 4))
    x = (image * 2.0 + 1.0 - 0.25) / 4.0
    x = 1.0 - x
    x = keras.ops.relu6(x) if modern else tf.nn.relu6(x)
    y = K.layers.Conv2D(4, 1)(x)
    z = x + y
    return K.Model(image, (z * y) - x)


def hard_swish(K, modern):
    L, image = K.layers, K.Input((6, 7, 4))
    gate = L.ReLU(6.0)(L.Conv2D(4, 1)(image) + 3.0) * (1.0 / 6.0)
    return K.Model(image, L.Multiply()([image, gate]))


def first(K):
    """Channels first throughout."""
    L, image = K.layers, K.Input((4, 6, 7))
    f = {"data_format": "channels_first"}
    x = L.Conv2D(5, 3, padding="same", activation="relu", **f)(image)
    x = L.BatchNormalization(axis=1)(x)
    x = L.MaxPooling2D(2, **f)(L.ZeroPadding2D(1, **f)(x))
    y = L.DepthwiseConv2D(3, padding="same", **f)(x)
    x = L.Concatenate(axis=1)([x, y])
    gate = L.Reshape((10, 1, 1))(L.GlobalAveragePooling2D(**f)(x))
    x = L.Multiply()([x, L.Conv2D(10, 1, activation="sigmoid", **f)(gate)])
    return K.Model(image, L.Dense(3)(L.Flatten()(x)))


def first_flatten(K):
    """A Flatten that knows of channels first, and a Permute that undoes them."""
    L, image = K.layers, K.Input((4, 6, 7))
    x = L.Conv2D(3, 3, data_format="channels_first")(image)
    a = L.Dense(3)(L.Flatten(data_format="channels_first")(x))
    b = L.Conv2D(3, 2)(L.Permute((2, 3, 1))(x))
    return K.Model(image, L.Concatenate()([a, L.GlobalAveragePooling2D()(b)]))


def keras1(name, layers, weights, x, y, backend, version="1.2.2"):
    """A whole model as Keras 1 wrote it: layers as (class, name, config, inputs)."""
    config = {"class_name": "Model", "config": {
        "name": "model_1",
        "layers": [{"class_name": c, "name": n, "config": dict(k, name=n),
                    "inbound_nodes": [[[i, 0, 0] for i in inputs]] if inputs else []} for c, n, k, inputs in layers],
        "input_layers": [[layers[0][1], 0, 0]], "output_layers": [[layers[-1][1], 0, 0]]}}
    path = f"{OUT}/keras1-{name}.h5"
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version.encode()
        file.attrs["model_config"] = json.dumps(config).encode()
        group = file.create_group("model_weights")
        if backend:
            group.attrs["backend"] = backend.encode()
        group.attrs["layer_names"] = [n.encode() for _, n, _, _ in layers]
        for _, n, _, _ in layers:
            inner = group.create_group(n)
            arrays = weights.get(n, [])
            inner.attrs["weight_names"] = [f"{n}_{i}".encode() for i in range(len(arrays))]
            for i, array in enumerate(arrays):
                inner[f"{n}_{i}"] = array
    golden(path, x, y)


def keras1_models():
    """A channels-last network, and the same in Theano's order with flipped kernels."""
    L = keras.layers
    image = keras.Input((6, 7, 4))
    conv = L.Conv2D(5, 3, activation="relu")
    norm, dense = L.BatchNormalization(epsilon=1e-3), L.Dense(3, activation="softmax")
    x = L.MaxPooling2D(2)(norm(conv(image)))
    model = keras.Model(image, dense(L.Flatten()(x)))
    randomise(model)
    x = data((6, 7, 4))
    y = model(x, training=False)
    kernel, bias = conv.get_weights()
    dense_kernel, dense_bias = dense.get_weights()

    def layers(order, shape, axis):
        common = {"dim_ordering": order}
        return [
            ("InputLayer", "input_1", {"batch_input_shape": [None] + shape, "input_dtype": "float32", "sparse": False}, []),
            ("Convolution2D", "convolution2d_1", dict(common, nb_filter=5, nb_row=3, nb_col=3, subsample=[1, 1],
             border_mode="valid", activation="relu", bias=True), ["input_1"]),
            ("BatchNormalization", "batchnormalization_1", {"mode": 0, "axis": axis, "epsilon": 1e-3, "momentum": 0.99},
             ["convolution2d_1"]),
            ("MaxPooling2D", "maxpooling2d_1", dict(common, pool_size=[2, 2], strides=[2, 2], border_mode="valid"),
             ["batchnormalization_1"]),
            ("Flatten", "flatten_1", {}, ["maxpooling2d_1"]),
            ("Dropout", "dropout_1", {"p": 0.5}, ["flatten_1"]),
            ("Dense", "dense_1", {"output_dim": 3, "activation": "softmax", "bias": True}, ["dropout_1"])]

    weights = {"convolution2d_1": [kernel, bias], "batchnormalization_1": norm.get_weights(),
               "dense_1": [dense_kernel, dense_bias]}
    keras1("tf", layers("tf", [6, 7, 4], 3), weights, x, y, "tensorflow")
    # [filters, C, height, width], turned by 180°; the dense layer's rows follow [C, height, width].
    turned = kernel[::-1, ::-1].transpose(3, 2, 0, 1)
    rows = dense_kernel.reshape(2, 2, 5, 3).transpose(2, 0, 1, 3).reshape(-1, 3)
    weights = dict(weights, convolution2d_1=[turned, bias], dense_1=[rows, dense_bias])
    keras1("theano", layers("th", [4, 6, 7], 1), weights, x.transpose(0, 3, 1, 2), y, "theano")
    weights["convolution2d_1"] = [turned[:, :, ::-1, ::-1], bias]
    keras1("th_tensorflow", layers("th", [4, 6, 7], 1), weights, x.transpose(0, 3, 1, 2), y, "tensorflow")
    # Two branches joined by Merge.
    image = keras.Input((6, 7, 4))
    a, b = L.Conv2D(4, 1), L.Conv2D(4, 1)
    model = keras.Model(image, L.Concatenate()([L.Add()([a(image), b(image)]), image]))
    randomise(model)
    conv1 = lambda n: ("Convolution2D", n, dict(dim_ordering="tf", nb_filter=4, nb_row=1, nb_col=1, subsample=[1, 1],
                       border_mode="same", activation="linear", bias=True), ["input_1"])
    keras1("merge", [
        ("InputLayer", "input_1", {"batch_input_shape": [None, 6, 7, 4]}, []), conv1("a"), conv1("b"),
        ("Merge", "merge_1", {"mode": "sum", "concat_axis": -1}, ["a", "b"]),
        ("Merge", "merge_2", {"mode": "concat", "concat_axis": -1}, ["merge_1", "input_1"])],
        {"a": a.get_weights(), "b": b.get_weights()}, x, model(x), "tensorflow")


def keras1_sequential():
    """Sequential as Keras 1 wrote it: a bare list of layers, the first of which states the input."""
    L = keras.layers
    conv, dense = L.Conv2D(3, 2, activation="relu"), L.Dense(2)
    model = keras.Sequential([keras.Input((6, 7, 4)), conv, L.GlobalAveragePooling2D(), dense])
    randomise(model)
    x, path = data((6, 7, 4)), f"{OUT}/keras1-sequential.h5"
    layers = [
        ("Convolution2D", "convolution2d_1", conv, dict(
            batch_input_shape=[None, 6, 7, 4], dim_ordering="tf", nb_filter=3, nb_row=2, nb_col=2, subsample=[1, 1],
            border_mode="valid", activation="relu", bias=True)),
        ("GlobalAveragePooling2D", "globalaveragepooling2d_1", None, {"dim_ordering": "tf"}),
        ("Dense", "dense_1", dense, {"output_dim": 2, "activation": "linear", "bias": True})]
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = b"1.1.0"
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": [
            {"class_name": c, "config": dict(k, name=n)} for c, n, _, k in layers]})
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [n.encode() for _, n, _, _ in layers]
        for _, n, layer, _ in layers:
            inner, arrays = group.create_group(n), layer.get_weights() if layer else []
            inner.attrs["weight_names"] = [f"{n}_{r}".encode() for r, _ in zip("Wb", arrays)]
            for role, array in zip("Wb", arrays):
                inner[f"{n}_{role}"] = array
    golden(path, x, model(x, training=False))


def keras2_theano():
    """Keras 2 over Theano: channels first, kernels of convolutions turned by 180°, those of depthwise ones not."""
    def build(K, order):
        L, f = K.layers, {"data_format": f"channels_{order}"}
        image = K.Input((4, 6, 7) if order == "first" else (6, 7, 4))
        x = L.Conv2D(5, 3, activation="relu", name="conv", **f)(image)
        x = L.SeparableConv2D(3, (2, 3), name="separable", **f)(x)
        x = x if order == "first" else L.Permute((3, 1, 2))(x)
        return K.Model(image, L.Dense(2, name="dense")(L.Flatten(name="flatten")(x)))

    modern, old = build(keras, "last"), build(tf_keras, "first")
    randomise(modern)
    old.set_weights(modern.get_weights())
    x, path = data((6, 7, 4)), f"{OUT}/keras2-theano.h5"
    old.save(path)
    with h5py.File(path, "a") as file:
        for place in (file, file["model_weights"]):
            place.attrs["backend"], place.attrs["keras_version"] = b"theano", b"2.2.4"
        kernel = file["model_weights/conv/conv/kernel:0"]
        kernel[...] = kernel[()][::-1, ::-1]
    golden(path, x.transpose(0, 3, 1, 2), modern(x, training=False))


def halves():
    """Weights and policies of half precision; the numbers beside them are those of the same network in single."""
    def build(K, dtype, first="float32"):
        L, image = K.layers, K.Input((6, 7, 4), dtype=first)
        x = L.BatchNormalization(name="norm", dtype=dtype)(L.Conv2D(5, 3, name="conv", dtype=dtype)(image))
        return K.Model(image, L.Dense(3, name="dense", dtype=dtype)(L.Flatten(dtype=dtype)(L.ReLU(dtype=dtype)(x))))

    x = data((6, 7, 4))
    for K, label, policy, suffix in [
            (keras, "keras3", "float16", ".h5"), (keras, "keras3", "bfloat16", ".keras"),
            (keras, "keras3", "mixed_bfloat16", ".keras"), (tf_keras, "keras2", "mixed_float16", ".h5"),
            (tf_keras, "keras2", "float16", ".h5")]:
        K.backend.clear_session()
        model = build(K, K.mixed_precision.Policy(policy))
        for index, weight in enumerate(model.weights):
            value = np.random.default_rng(index).normal(0, 0.5, tuple(weight.shape))
            weight.assign(np.abs(value) + 0.5 if "variance" in (getattr(weight, "path", None) or weight.name) else value)
        single = build(K, K.mixed_precision.Policy("float32"))
        single.set_weights([np.asarray(w, "float32") for w in model.get_weights()])
        path = f"{OUT}/{label}-{policy}"
        model.save(path + suffix)
        golden(path + (suffix if suffix == ".h5" else ".golden.h5"), x, single(x, training=False))


def main():
    os.makedirs(OUT, exist_ok=True)
    wanted = sys.argv[1:]
    for K, label, modern in [(keras, "keras3", True), (tf_keras, "keras2", False)]:
        for name, build in cases(K, modern):
            if wanted and name not in wanted:
                continue
            K.backend.clear_session()
            keras.utils.set_random_seed(3)
            model = build()
            randomise(model)
            x = data(tuple(model.input_shape[1:]))
            y = model(x, training=False)
            operator_nodes = modern and name in ("operators", "hard_swish_v3", "gelu")
            path = f"{OUT}/{label}-{name}"
            if not operator_nodes:
                model.save(path + ".h5")
                golden(path + ".h5", x, y)
            archived = ("conv", "shared_nested", "separable", "sequential", "operators", "hard_swish_v3", "gelu")
            if operator_nodes or name in archived:
                model.save(path + ".keras")
                golden(path + ".golden.h5", x, y)
    for make in (keras1_models, keras1_sequential, keras2_theano, halves):
        if not wanted or make.__name__ in wanted:
            make()
    print(len(os.listdir(OUT)), "files", sum(os.path.getsize(f"{OUT}/{n}") for n in os.listdir(OUT)), "bytes")


if __name__ == "__main__":
    main()
