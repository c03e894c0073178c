#!/usr/bin/env python3
"""Compares embeddings and outputs of `siamese` with Keras on every architecture of the catalogue, in every layout.

    inference.py SIAMESE [--only NAME,…] [--seed N]     # needs: pip install tensorflow-cpu keras h5py pillow

Every network of Keras Applications is built with seeded random weights and random batch-norm statistics at a reduced
input size, and saved as (a) legacy weights alone, (b) legacy whole model, (c) Keras 3 weights alone, (d) Keras 3
archive. `siamese embed` reads each and embeds two pictures; the largest difference from Keras, in standard deviations
of Keras' own numbers, must stay below 1e-3, for the default features and for the network's output. Networks of more than
100 million parameters are saved as (c) and (d) only.
"""
import argparse, os, subprocess, sys, tempfile, time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import h5py
import keras
import numpy as np
from PIL import Image

TOLERANCE = 1e-3
WHOLE = 100_000_000

# Constructor, input size here, arguments, preprocessing.
NETWORKS = [(name, 64, {}, "caffe") for name in
            ("VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152")]
NETWORKS += [(name, 64, {}, "tf") for name in ("ResNet50V2", "ResNet101V2", "ResNet152V2")]
NETWORKS += [(name, 96, {}, "tf") for name in ("InceptionV3", "InceptionResNetV2", "Xception")]
NETWORKS += [("MobileNet", 64, {"alpha": alpha}, "tf") for alpha in (0.25, 0.5, 0.75, 1.0)]
NETWORKS += [("MobileNetV2", 96, {"alpha": alpha}, "tf") for alpha in (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)]
for size in ("Small", "Large"):
    NETWORKS += [(f"MobileNetV3{size}", 64, options, "none")
                 for options in ({"alpha": 0.75}, {"alpha": 1.0}, {"minimalistic": True})]
NETWORKS += [(f"DenseNet{depth}", 64, {}, "torch") for depth in (121, 169, 201)]
NETWORKS += [(name, 96, {}, "tf") for name in ("NASNetMobile", "NASNetLarge")]
NETWORKS += [(f"EfficientNetB{index}", 64, {}, "none") for index in range(8)]
NETWORKS += [(f"EfficientNetV2{size}", 64, {}, "none") for size in ("B0", "B1", "B2", "B3", "S", "M", "L")]
NETWORKS += [(f"ConvNeXt{size}", 64, {}, "none") for size in ("Tiny", "Small", "Base", "Large", "XLarge")]


def randomise(model, seed):
    """Seeded weights under which activations stay of order one, and statistics that an importer must not drop."""
    random = np.random.default_rng(seed)

    def visit(layer):
        if getattr(layer, "layers", None):
            for inner in layer.layers:
                visit(inner)
            return
        for variable in layer.weights:
            name, shape = variable.path.rsplit("/", 1)[-1], tuple(variable.shape)
            if "count" in name or not shape:
                continue
            if "kernel" in name:
                depthwise = isinstance(layer, keras.layers.DepthwiseConv2D) or "depthwise" in name
                fan_in = shape[0] * shape[1] if depthwise else np.prod(shape[:-1])
                value = random.standard_normal(shape, dtype="float32") * np.float32(np.sqrt(1.6 / fan_in))
            elif "variance" in name:
                value = random.uniform(0.6, 1.4, shape)
            elif "gamma" in name:
                # Residual branches stay small beside what they are added to. Otherwise the deep EfficientNetV2s amplify
                # a change of one part in a million of their input to several standard deviations, in Keras as well.
                branch = "project_bn" in variable.path
                value = random.uniform(0.7, 1.3, shape) * (0.3 if branch else 1)
            else:
                value = random.normal(0, 0.1, shape)
            variable.assign(np.asarray(value, "float32"))
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()

    visit(model)


def prepared(pictures, mode):
    x = pictures.astype("float32")
    if mode == "caffe":
        return x[..., ::-1] - np.array([103.939, 116.779, 123.68], "float32")
    if mode == "tf":
        return x / np.float32(127.5) - 1
    if mode == "torch":
        return (x / 255 - np.array([0.485, 0.456, 0.406], "float32")) / np.array([0.229, 0.224, 0.225], "float32")
    return x


def save_legacy_weights(model, path):
    from keras.src.legacy.saving import legacy_h5_format
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


def squeezenet(size):
    """SqueezeNet 1.1 with the names of its Keras port, `/` written as `_`."""
    layers, image = keras.layers, keras.Input((size, size, 3))
    conv = lambda x, name, filters, kernel, **options: layers.Conv2D(
        filters, kernel, activation="relu", name=name, **options)(x)

    def fire(x, name, squeeze, expand):
        x = conv(x, name + "_squeeze1x1", squeeze, 1)
        return layers.Concatenate()([conv(x, name + "_expand1x1", expand, 1),
                                     conv(x, name + "_expand3x3", expand, 3, padding="same")])

    x = layers.MaxPooling2D(3, 2)(conv(image, "conv1", 64, 3, strides=2))
    x = layers.MaxPooling2D(3, 2)(fire(fire(x, "fire2", 16, 64), "fire3", 16, 64))
    x = layers.MaxPooling2D(3, 2)(fire(fire(x, "fire4", 32, 128), "fire5", 32, 128))
    x = fire(fire(x, "fire6", 48, 192), "fire7", 48, 192)
    x = layers.Dropout(0.5)(fire(fire(x, "fire8", 64, 256), "fire9", 64, 256))
    x = layers.GlobalAveragePooling2D()(conv(x, "conv10", 1000, 1))
    return keras.Model(image, layers.Activation("softmax", name="loss")(x))


def compare(siamese, folder, name, size, options, mode, seed):
    keras.backend.clear_session()
    if name == "SqueezeNet":
        model = squeezenet(size)
    else:
        model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), **options)
    randomise(model, seed)
    random = np.random.default_rng(seed + 1)
    pictures = random.integers(0, 256, (2, size // 8, size // 8, 3)).repeat(8, 1).repeat(8, 2).astype("uint8")
    paths = [os.path.join(folder, f"{index}.png") for index in range(2)]
    for picture, path in zip(pictures, paths):
        Image.fromarray(picture).save(path)
    ready = prepared(pictures, mode)
    # The classifier is the last layer with weights; what it takes in is the transferable feature.
    head = [layer for layer in model.layers if layer.weights][-1]
    features = np.asarray(keras.Model(model.input, head.input)(ready, training=False))
    if features.ndim == 4:
        features = features.mean((1, 2))
    spread = float(features.std())
    head.set_weights([w / spread if w.ndim > 1 else w for w in head.get_weights()])  # keeps softmax from saturating
    output = np.asarray(model(ready, training=False)).reshape(2, -1)
    stem = os.path.join(folder, "network")
    files = {"c": stem + ".weights.h5", "d": stem + ".keras"}
    model.save_weights(files["c"])
    model.save(files["d"])
    if model.count_params() <= WHOLE:
        files |= {"a": stem + ".a.h5", "b": stem + ".b.h5"}
        save_legacy_weights(model, files["a"])
        model.save(files["b"])
    worst, failures = 0.0, []
    for layout, file in sorted(files.items()):
        runs = [("features", [], features)]
        if layout in "cd":
            runs.append(("output", ["--layer", model.layers[-1].name], output))
        for what, extra, expected in runs:
            if layout in "ac":
                extra = extra + ["--input-size", str(size)]
            result = os.path.join(folder, "out.npy")
            run = subprocess.run(
                [siamese, "embed", "--backbone", file, "--images", *paths, "--output", result, "--preprocess", mode,
                 "--batch", "2", *extra], capture_output=True, text=True)
            if run.returncode:
                failures.append(f"({layout}) {what}: {run.stderr.strip()[-300:]}")
                continue
            found = np.load(result)
            if found.shape != expected.shape:
                failures.append(f"({layout}) {what}: shape {found.shape}, expected {expected.shape}")
                continue
            difference = float(np.abs(found - expected).max() / expected.std())
            worst = max(worst, difference)
            if not difference <= TOLERANCE:
                failures.append(f"({layout}) {what}: {difference:.1e} > {TOLERANCE:.0e}")
        os.remove(file)
    return worst, failures, "".join(sorted(files)), model.count_params()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("siamese")
    parser.add_argument("--only", help="constructors, separated by commas")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    only = arguments.only.lower().split(",") if arguments.only else None
    failed = 0
    for name, size, options, mode in NETWORKS + [("SqueezeNet", 96, {}, "caffe")]:
        if only and name.lower() not in only:
            continue
        title = name + "".join(f" {key}={value}" for key, value in options.items())
        start = time.time()
        with tempfile.TemporaryDirectory() as folder:
            worst, failures, layouts, count = compare(
                arguments.siamese, folder, name, size, options, mode, arguments.seed)
        failed += bool(failures)
        print(f"{'FAIL' if failures else 'ok':4} {title:34} {count:>11,} parameters  layouts {layouts:4}  "
              f"largest difference {worst:.1e}  {time.time() - start:.0f} s", flush=True)
        for failure in failures:
            print("     " + failure, flush=True)
    if failed:
        sys.exit(f"{failed} networks differ from Keras by more than {TOLERANCE:.0e} of the standard deviation")


if __name__ == "__main__":
    main()
