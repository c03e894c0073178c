#!/usr/bin/env python3
"""Compares the gradients of `siamese` with Keras' on every family of the catalogue.

    gradients.py SIAMESE [--only NAME,…] [--seed N]     # needs: pip install tensorflow-cpu keras h5py numpy

Each network is built small, with seeded random weights and statistics, and saved as a Keras 3 archive. The loss is the sum
of its outputs times seeded numbers; `siamese gradients` and TensorFlow's tape give its gradient by every weight and by the
picture, with batch normalisation frozen and by the batch's statistics. For every array ‖found − expected‖ ÷ ‖expected‖ must
stay below 1e-3. Arrays whose gradient is zero but for rounding (a bias before batch normalisation) are held against the
network's largest gradient instead: below 1e-3 of it, for every number. nn4.small2, which Keras cannot write without
Lambdas, is read from weights alone.
"""
import argparse, os, subprocess, sys, tempfile, time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import h5py
import keras
import numpy as np
import tensorflow as tf

from inference import randomise, save_legacy_weights, squeezenet

TOLERANCE = 1e-3

# Constructor, input size here, arguments: one of each family, the small one.
NETWORKS = [
    ("VGG16", 32, {}), ("ResNet50", 64, {}), ("ResNet50V2", 64, {}), ("InceptionV3", 96, {}), ("InceptionResNetV2", 96, {}),
    ("Xception", 96, {}), ("MobileNet", 64, {"alpha": 0.5}), ("MobileNetV2", 64, {"alpha": 0.5}),
    ("MobileNetV3Small", 64, {}), ("DenseNet121", 64, {}), ("NASNetMobile", 64, {}), ("EfficientNetB0", 64, {}),
    ("EfficientNetV2B0", 64, {}), ("ConvNeXtTiny", 64, {}), ("SqueezeNet", 96, {}), ("nn4.small2", 96, {}),
]


class LocalResponse(keras.layers.Layer):
    def call(self, x):
        return tf.nn.local_response_normalization(x, depth_radius=5, bias=1, alpha=1e-4, beta=0.75)


def openface():
    """nn4.small2 with the names of its Keras ports, after https://github.com/cmusatyalab/openface."""
    layers, image = keras.layers, keras.Input((96, 96, 3))
    pad = lambda x, amount: layers.ZeroPadding2D(amount)(x)
    conv = lambda x, name, filters, kernel, stride=1: layers.Conv2D(filters, kernel, strides=stride, name=name)(x)
    norm = lambda x, name: layers.Activation("relu")(layers.BatchNormalization(epsilon=1e-5, name=name)(x))
    maximum = lambda x: layers.MaxPooling2D(3, 2)(x)

    def power(x):
        return layers.Lambda(lambda y: tf.sqrt(9 * tf.nn.avg_pool2d(tf.square(y), 3, 3, "VALID")))(x)

    def reduced(x, name, first, second, kernel, stride=1):
        y = norm(conv(x, name + "_conv1", first, 1), name + "_bn1")
        return norm(conv(pad(y, kernel // 2), name + "_conv2", second, kernel, stride), name + "_bn2")

    projected = lambda x, name, filters: norm(conv(x, name + "_conv", filters, 1), name + "_bn")

    def fitted(y, x):
        rows, columns = x.shape[1] - y.shape[1], x.shape[2] - y.shape[2]
        return pad(y, ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)))

    join = lambda parts: layers.Concatenate()(parts)
    x = layers.Rescaling(1 / 255)(image)
    x = maximum(pad(norm(conv(pad(x, 3), "conv1", 64, 7, 2), "bn1"), 1))
    x = pad(norm(conv(LocalResponse()(x), "conv2", 64, 1), "bn2"), 1)
    x = LocalResponse()(norm(conv(x, "conv3", 192, 3), "bn3"))
    x = maximum(pad(x, 1))
    n = "inception_3a"
    x = join([reduced(x, n + "_3x3", 96, 128, 3), reduced(x, n + "_5x5", 16, 32, 5),
              fitted(projected(maximum(x), n + "_pool", 32), x), projected(x, n + "_1x1", 64)])
    n = "inception_3b"
    x = join([reduced(x, n + "_3x3", 96, 128, 3), reduced(x, n + "_5x5", 32, 64, 5),
              fitted(projected(power(x), n + "_pool", 64), x), projected(x, n + "_1x1", 64)])
    halved = lambda x, n, a, b, c, d: join(
        [reduced(x, n + "_3x3", a, b, 3, 2), reduced(x, n + "_5x5", c, d, 5, 2), pad(maximum(x), ((0, 1), (0, 1)))])
    x = halved(x, "inception_3c", 128, 256, 32, 64)
    n = "inception_4a"
    x = join([reduced(x, n + "_3x3", 96, 192, 3), reduced(x, n + "_5x5", 32, 64, 5),
              fitted(projected(power(x), n + "_pool", 128), x), projected(x, n + "_1x1", 256)])
    x = halved(x, "inception_4e", 160, 256, 64, 128)
    n = "inception_5a"
    x = join([reduced(x, n + "_3x3", 96, 384, 3), fitted(projected(power(x), n + "_pool", 96), x),
              projected(x, n + "_1x1", 256)])
    n = "inception_5b"
    x = join([reduced(x, n + "_3x3", 96, 384, 3), fitted(projected(maximum(x), n + "_pool", 96), x),
              projected(x, n + "_1x1", 256)])
    x = layers.Flatten()(layers.AveragePooling2D(3, 1)(x))
    x = layers.Dense(128, name="dense_layer")(x)
    return keras.Model(image, layers.UnitNormalization(name="norm_layer")(x))


def build(name, size, options):
    keras.backend.clear_session()
    if name == "SqueezeNet":
        model = squeezenet(size)
        model = keras.Model(model.input, model.layers[-2].output)
    elif name == "nn4.small2":
        model = openface()
    else:
        arguments = dict(weights=None, input_shape=(size, size, 3), classes=10, **options)
        model = getattr(keras.applications, name)(classifier_activation=None, **arguments)

    def silence(layer):
        for inner in getattr(layer, "layers", []):
            silence(inner)
        if hasattr(layer, "rate"):
            layer.rate = 0.0
    silence(model)
    return model


def compare(siamese, folder, name, size, options, seed):
    model = build(name, size, options)
    randomise(model, seed)
    random = np.random.default_rng(seed + 1)
    # Smooth pictures: on noise, half of all units sit at a kink.
    pictures = random.uniform(-1, 1, (4, size // 8, size // 8, 3)).repeat(8, 1).repeat(8, 2).astype("float32")
    if any(isinstance(layer, (keras.layers.Rescaling, keras.layers.Normalization)) for layer in model.layers):
        pictures = 127.5 * (pictures + 1)
    if name == "nn4.small2":
        path, layer = os.path.join(folder, "network.h5"), ["--architecture", "nn4.small2"]
        save_legacy_weights(model, path)
    else:
        path, layer = os.path.join(folder, "network.keras"), ["--layer", model.layers[-1].name]
        model.save(path)
    direction = random.standard_normal((4, int(np.prod(model.output_shape[1:]))), dtype="float32")
    batch, result = os.path.join(folder, "pass.h5"), os.path.join(folder, "gradients.h5")
    with h5py.File(batch, "w") as file:
        file["inputs"], file["output_gradients"] = pictures, direction
    lines, failures = [], []
    for mode, training in (("frozen", False), ("batch", True)):
        with tf.GradientTape() as tape:
            image = tf.constant(pictures)
            tape.watch(image)
            outputs = tf.reshape(model(image, training=training), (4, -1))
            loss = tf.reduce_sum(outputs * direction)
        weights = model.trainable_variables
        gradients = tape.gradient(loss, [image, *weights])
        expected = {v.path: np.asarray(tf.convert_to_tensor(g)) for v, g in zip(weights, gradients[1:])}
        run = subprocess.run([siamese, "gradients", "--backbone", path, *layer, batch, "--output", result,
                              "--batch-norm", mode], capture_output=True, text=True)
        if run.returncode:
            failures.append(f"{mode}: {run.stderr.strip()[-400:]}")
            continue
        with h5py.File(result) as file:
            paths = [p.decode() if isinstance(p, bytes) else p for p in file["paths"][()]]
            found = {p: file[f"gradients/{i}"][()] for i, p in enumerate(paths)}
            found_image, found_outputs = file["input_gradients"][()], file["outputs"][()]
        forward = float(np.abs(found_outputs.reshape(4, -1) - outputs).max() / np.abs(outputs).max())
        pairs = [("picture", found_image, np.asarray(gradients[0]))]
        missing = sorted(set(expected) - set(found))
        if missing:
            failures.append(f"{mode}: no gradient for {missing[:3]} (of {len(missing)}); there are {sorted(found)[:3]}")
        pairs += [(p, found[p].reshape(expected[p].shape), expected[p]) for p in expected if p in found]
        largest = max(float(np.abs(e).max()) for _, _, e in pairs)
        errors = []
        for p, f, e in pairs:
            size_, off = float(np.linalg.norm(e)), float(np.linalg.norm(f - e))
            if np.abs(e).max() < 1e-5 * largest:
                error = float(np.abs(f - e).max()) / largest
            else:
                error = off / size_
            errors.append((error, p))
        worst = max(errors)
        lines.append(f"{mode} {worst[0]:.1e} (outputs {forward:.1e}, {len(errors)} arrays)")
        for error, p in sorted(errors, reverse=True)[:3]:
            if not error <= TOLERANCE:
                failures.append(f"{mode}: {p} {error:.1e} > {TOLERANCE:.0e}")
    return lines, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("siamese")
    parser.add_argument("--only", help="constructors, separated by commas")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    only = arguments.only.lower().split(",") if arguments.only else None
    failed = []
    for name, size, options in NETWORKS:
        if only and name.lower() not in only:
            continue
        start = time.time()
        with tempfile.TemporaryDirectory() as folder:
            lines, failures = compare(arguments.siamese, folder, name, size, options, arguments.seed)
        if failures:
            failed.append(name)
        print(f"{'FAIL' if failures else 'ok':4} {name:18} {'; '.join(lines)}  {time.time() - start:.0f} s", flush=True)
        for failure in failures:
            print("     " + failure, flush=True)
    if failed:
        sys.exit(f"gradients differ from TensorFlow's by more than {TOLERANCE:.0e}: {', '.join(failed)}")


if __name__ == "__main__":
    main()
