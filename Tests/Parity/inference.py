#!/usr/bin/env python3
"""Compares embeddings and outputs of `siamese` with Keras on every architecture of the catalogue, in every layout.

    inference.py SIAMESE [--only NAME,…] [--seed N] [--jobs N]     # needs: pip install tensorflow-cpu keras h5py pillow

Every network of Keras Applications, SqueezeNet 1.1 and OpenFace's nn4.small2 are built with seeded random weights and
random batch-norm statistics at a reduced input size, and saved as (a) legacy weights alone, (b) legacy whole model,
(c) Keras 3 weights alone, (d) Keras 3 archive. `siamese embed` reads each and embeds two pictures; the largest difference
from Keras, in standard deviations of Keras' own numbers, must stay below 1e-3, for the default features and for the
network's output. ResNets of version 1 are saved once more as (o), weights alone under the names that their layers had
until 2019. Prints a line a network.
"""
import argparse, concurrent.futures, logging, multiprocessing, os, re, subprocess, sys, tempfile, time, warnings

TOLERANCE = 1e-3

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
NETWORKS += [("SqueezeNet", 96, {}, "caffe"), ("nn4.small2", 96, {}, "none")]


def load(threads):
    """Imports what the comparison needs, in each process for itself, without its chatter."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # the other side is oneDNN
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = str(threads)
    os.environ["KERAS_BACKEND"] = "tensorflow"
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    warnings.simplefilter("ignore")
    global h5py, keras, np, Image, ports
    import h5py, keras, numpy as np, ports
    from PIL import Image
    logging.disable(logging.WARNING)


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


def prepared(pictures, name, mode):
    x = pictures.astype("float32")
    if name == "nn4.small2":
        return x / np.float32(255)
    if mode == "caffe":
        return x[..., ::-1] - np.array([103.939, 116.779, 123.68], "float32")
    if mode == "tf":
        return x / np.float32(127.5) - 1
    if mode == "torch":
        return (x / 255 - np.array([0.485, 0.456, 0.406], "float32")) / np.array([0.229, 0.224, 0.225], "float32")
    return x


def build(name, size, options):
    if name == "SqueezeNet":
        return ports.squeezenet(size)
    if name == "nn4.small2":
        return ports.nn4_small2(size)
    return getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), **options)


def older_name(name):
    """`conv4_block2_1_conv` was `res4b_branch2a`, or `res4b1_branch2a` in the deeper networks."""
    part = re.fullmatch(r"conv(\d)_block(\d+)_(\d)_(conv|bn)", name)
    if not part:
        return {"conv1_conv": "conv1", "conv1_bn": "bn_conv1", "predictions": "fc1000"}.get(name, name)
    stage, block, position, kind = part.groups()
    block = "abcdef"[int(block) - 1] if int(block) < 7 else f"b{int(block) - 1}"
    return f"{'res' if kind == 'conv' else 'bn'}{stage}{block}_branch{['1', '2a', '2b', '2c'][int(position)]}"


def save(model, layout, path):
    if layout in "ao":
        from keras.src.legacy.saving import legacy_h5_format
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)
            if layout == "o":
                names = [layer.name for layer in model.layers]
                for name in names:
                    if older_name(name) != name:
                        file.move(name, older_name(name))
                file.attrs["layer_names"] = [older_name(name).encode() for name in names]
    elif layout == "c":
        model.save_weights(path)
    else:
        model.save(path)


LAYOUTS = {"a": "network.a.h5", "b": "network.b.h5", "c": "network.weights.h5", "d": "network.keras"}
OLDER = {"o": "network.o.h5"}


def expectation(model, name, ready):
    """Keras' features and output, the classifier scaled so that its softmax tells classes apart without saturating."""
    # The classifier is the last layer with weights; what it takes in is the transferable feature. A network that ends in
    # a vector of unit length has none: its output is the feature.
    head = [layer for layer in model.layers if layer.weights][-1]
    features, output = keras.Model(model.input, [head.input, model.output])(ready, training=False)
    if name == "nn4.small2":
        return np.asarray(output), np.asarray(output)
    features = np.asarray(features)
    tail = keras.Model(head.input, model.output)
    pooled = features.mean((1, 2)) if features.ndim == 4 else features
    spread = float(pooled.std())
    head.set_weights([w / spread if w.ndim > 1 else w for w in head.get_weights()])
    return pooled, np.asarray(tail(features, training=False)).reshape(len(ready), -1)


def compare(siamese, threads, seed, name, size, options, mode):
    start = time.time()
    keras.backend.clear_session()
    model = build(name, size, options)
    randomise(model, seed)
    random = np.random.default_rng(seed + 1)
    pictures = random.integers(0, 256, (2, size // 8, size // 8, 3)).repeat(8, 1).repeat(8, 2).astype("uint8")
    features, output = expectation(model, name, prepared(pictures, name, mode))
    worst, failures = 0.0, []
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, f"{index}.png") for index in range(2)]
        for picture, path in zip(pictures, paths):
            Image.fromarray(picture).save(path)
        layouts = LAYOUTS | (OLDER if name in ("ResNet50", "ResNet101", "ResNet152") else {})
        for layout, file in layouts.items():
            file = os.path.join(folder, file)
            save(model, layout, file)
            for what, extra, expected in [("features", [], features),
                                          ("output", ["--layer", model.layers[-1].name], output)]:
                if layout in "aco":
                    extra = extra + ["--input-size", str(size)]
                result = os.path.join(folder, "out.npy")
                run = subprocess.run(
                    [siamese, "embed", "--backbone", file, "--images", *paths, "--output", result, "--preprocess", mode,
                     "--batch", "2", "--threads", str(threads), *extra], capture_output=True, text=True)
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
    title = name + "".join(f" {key}={value}" for key, value in options.items())
    line = (f"{'FAIL' if failures else 'ok':4} {title:34} {model.count_params():>11,} parameters  "
            f"layouts {''.join(layouts):5}  largest difference {worst:.1e}  {time.time() - start:.0f} s")
    return "\n     ".join([line] + failures), bool(failures)


def choose(description, networks, jobs, memory=""):
    """The arguments of a comparison, and those of its networks that --only names."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("siamese")
    parser.add_argument("--only", help="constructors, separated by commas")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=min(jobs, os.cpu_count()), help="networks compared at the same time" + memory)
    arguments = parser.parse_args()
    only = arguments.only.lower().split(",") if arguments.only else None
    chosen = [network for network in networks if not only or network[0].lower() in only]
    if not chosen:
        sys.exit(f"no network of that name: {arguments.only}")
    return arguments, chosen


def main():
    arguments, chosen = choose(__doc__, NETWORKS, jobs=4)
    threads = max(1, os.cpu_count() // arguments.jobs)
    start, failed = time.time(), 0
    with concurrent.futures.ProcessPoolExecutor(
            arguments.jobs, multiprocessing.get_context("spawn"), load, (threads,)) as pool:
        runs = [pool.submit(compare, arguments.siamese, threads, arguments.seed, *network) for network in chosen]
        for run in runs:
            text, is_failure = run.result()
            print(text, flush=True)
            failed += is_failure
    print(f"{len(chosen)} networks in {time.time() - start:.0f} s", flush=True)
    if failed:
        sys.exit(f"{failed} networks differ from Keras by more than {TOLERANCE:.0e} of the standard deviation")


if __name__ == "__main__":
    main()
