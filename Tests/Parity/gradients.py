#!/usr/bin/env python3
"""Compares the gradients of `siamese` with Keras' on every family of the catalogue.

    gradients.py SIAMESE [--only NAME,…] [--seed N]     # needs: pip install tensorflow-cpu keras h5py numpy

Each network is built small, with seeded random weights and statistics, and saved as a Keras 3 archive. The loss is the sum
of its outputs times seeded numbers; `siamese gradients` and TensorFlow's tape give its gradient by every weight and by the
picture.

With frozen batch normalisation ‖found − expected‖ ÷ ‖expected‖ must stay below 1e-3 for every array; arrays that are zero
but for rounding are held against the network's largest number instead. Of the many millions of units of a network rounding
puts some on the other side of a kink (ReLU, maximum), which is a whole unit's gradient: where Keras' own gradient moves by
more when the picture moves by one part in a million, an array may differ by as much as that moves it, three times. Up to
four seeds are tried, for a wrong gradient is wrong under each of them.

With the batch's statistics rounding grows from layer to layer, in Keras too. There the whole gradient, all arrays as one
vector, must be within 1e-3, or within three times what Keras' own moves in the same way. Keras' own is printed beside.

nn4.small2, which Keras cannot write without Lambdas, is read from weights alone.
"""
import argparse, os, re, subprocess, sys, tempfile, time

import inference

inference.load(2)
import h5py
import keras
import numpy as np
import ports
import tensorflow as tf

TOLERANCE = 1e-3
COUNT = 12  # pictures in the batch

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
        # The root of a window of zeros has no derivative; 0 is what leaves the zeros alone.
        def root(y):
            sums = 9 * tf.nn.avg_pool2d(tf.square(y), 3, 3, "VALID")
            return tf.where(sums > 0, tf.sqrt(tf.maximum(sums, 1e-30)), 0.0)
        return layers.Lambda(root)(x)

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
        model = ports.squeezenet(size)
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


def tape_gradients(model, pictures, direction, training):
    with tf.GradientTape() as tape:
        image = tf.constant(pictures)
        tape.watch(image)
        outputs = tf.reshape(model(image, training=training), (len(pictures), -1))
        loss = tf.reduce_sum(outputs * direction)
    weights = model.trainable_variables
    found = tape.gradient(loss, [image, *weights])
    names = ["picture"] + [v.path for v in weights]
    return np.asarray(outputs), {n: np.asarray(tf.convert_to_tensor(g)) for n, g in zip(names, found)}


def vector_error(found, expected):
    off = sum(float(np.sum((found[n].astype("float64") - expected[n]) ** 2)) for n in expected if n != "picture")
    return (off / sum(float(np.sum(expected[n].astype("float64") ** 2)) for n in expected if n != "picture")) ** 0.5


def compare(siamese, folder, name, size, options, seed):
    """Words about both modes, and what is wrong in each."""
    model = build(name, size, options)
    inference.randomise(model, seed)
    random = np.random.default_rng(seed + 1)
    # Smooth pictures without ties: on noise many units sit at a kink, on blocks of one colour all maxima are ties.
    coarse = random.uniform(-1, 1, (COUNT, size // 8, size // 8, 3)).astype("float32")
    pictures = np.array(tf.image.resize(coarse, (size, size), "bicubic"))
    pictures += random.normal(0, 0.05, pictures.shape).astype("float32")
    if any(isinstance(layer, (keras.layers.Rescaling, keras.layers.Normalization)) for layer in model.layers):
        pictures = 127.5 * (pictures + 1)
    if name == "nn4.small2":
        path, layer = os.path.join(folder, "network.h5"), ["--architecture", "nn4.small2"]
        inference.save(model, "a", path)
    else:
        path, layer = os.path.join(folder, "network.keras"), ["--layer", model.layers[-1].name]
        model.save(path)
    direction = random.standard_normal((COUNT, int(np.prod(model.output_shape[1:]))), dtype="float32")
    batch, result = os.path.join(folder, "pass.h5"), os.path.join(folder, "gradients.h5")
    with h5py.File(batch, "w") as file:
        file["inputs"], file["output_gradients"] = pictures, direction
    words, failures = {}, {}
    for mode in ("frozen", "batch"):
        outputs, expected = tape_gradients(model, pictures, direction, mode == "batch")
        run = subprocess.run([siamese, "gradients", "--backbone", path, *layer, batch, "--output", result,
                              "--batch-norm", mode], capture_output=True, text=True)
        failures[mode] = wrong = []
        words[mode] = mode
        if run.returncode:
            wrong.append(f"{mode}: {run.stderr.strip()[-400:]}")
            continue
        with h5py.File(result) as file:
            paths = [p.decode() if isinstance(p, bytes) else p for p in file["paths"][()]]
            found = {p: file[f"gradients/{i}"][()] for i, p in enumerate(paths)}
            # Two names that Keras 3 gives anew: a depthwise kernel's, and ConvNeXt's layer scales' (`variable_7`).
            # NASNet's layers lie in name scopes, which are no part of their names.
            names = {"/".join(n.split("/")[-2:]): n for n in expected}
            names |= {re.sub("/variable.*", "/gamma", n): n for n in expected}
            found = {names.get(p.replace("/depthwise_kernel", "/kernel"), names.get(p, p)): g for p, g in found.items()}
            found["picture"], found_outputs = file["input_gradients"][()], file["outputs"][()].reshape(COUNT, -1)
        missing = sorted(set(expected) - set(found))
        if missing:
            wrong.append(f"{mode}: no gradient for {missing[:3]} (of {len(missing)}); there are {sorted(found)[:3]}")
            continue
        found = {n: found[n].reshape(expected[n].shape) for n in expected}
        forward = float(np.abs(found_outputs - outputs).max() / np.abs(outputs).max())
        shifted = pictures * (1 + 1e-6 * random.standard_normal(pictures.shape)).astype("float32")
        moved = tape_gradients(model, shifted, direction, mode == "batch")[1]
        if mode == "batch":
            own = vector_error(moved, expected)
            error = vector_error(found, expected)
            words[mode] = f"batch {error:.1e} (Keras' own {own:.1e}, outputs {forward:.1e})"
            if not error <= max(TOLERANCE, 3 * own):
                wrong.append(f"batch: {error:.1e} > {max(TOLERANCE, 3 * own):.0e}")
            continue
        largest = max(float(np.abs(e).max()) for e in expected.values())

        def array_error(n, f):
            e = expected[n]
            if np.abs(e).max() < 1e-5 * largest:
                return float(np.abs(f - e).max()) / largest
            return float(np.linalg.norm(f - e) / np.linalg.norm(e))

        errors = sorted(((array_error(n, found[n]), array_error(n, moved[n]), n) for n in expected), reverse=True)
        words[mode] = (f"frozen {errors[0][0]:.1e} (Keras' own {max(own for _, own, _ in errors):.1e}, "
                       f"outputs {forward:.1e}, {len(errors)} arrays)")
        wrong += [f"frozen: {n} {error:.1e}, Keras' own {own:.1e}" for error, own, n in errors
                  if not error <= max(TOLERANCE, 3 * own)][:3]
    return words, failures


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
        words, failures, tried = {}, {"frozen": ["not tried"], "batch": ["not tried"]}, 0
        while tried < 4 and any(failures.values()):
            with tempfile.TemporaryDirectory() as folder:
                new_words, new_failures = compare(
                    arguments.siamese, folder, name, size, options, arguments.seed + 10 * tried)
            tried += 1
            for mode in failures:
                if failures[mode]:
                    words[mode], failures[mode] = new_words[mode], new_failures[mode]
        wrong = failures["frozen"] + failures["batch"]
        if wrong:
            failed.append(name)
        print(f"{'FAIL' if wrong else 'ok':4} {name:18} {words['frozen']}; {words['batch']}; {tried} of 4 seeds  "
              f"{time.time() - start:.0f} s", flush=True)
        for failure in wrong:
            print("     " + failure, flush=True)
    if failed:
        sys.exit(f"gradients differ from TensorFlow's by more than {TOLERANCE:.0e}: {', '.join(failed)}")


if __name__ == "__main__":
    main()
