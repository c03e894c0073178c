#!/usr/bin/env python3
"""Compares the gradients of `siamese` with Keras' in double precision on every family of the catalogue.

    gradients.py SIAMESE [--only NAME,…] [--seed N] [--jobs N]     # needs: pip install tensorflow-cpu keras h5py pillow

Each network is built small, with seeded weights, and saved as a Keras 3 archive (nn4.small2, which has Lambdas, as weights
alone). The loss is the sum of its outputs times seeded numbers; `siamese gradients` gives its gradient by every weight and
by the picture in single precision, TensorFlow's tape in double precision from the same numbers, once with frozen batch
normalisation and once with the batch's statistics.

Rule: for each array, in both modes, ‖found − expected‖ ÷ ‖expected‖ ≤ 1e-3. An array that is zero but for rounding, as that of
a bias before a batch normalisation with the batch's statistics, has its largest number held against the largest of all arrays.
One seed, no second try. The error of Keras' own single precision is printed beside, for comparison, and decides nothing.

That is a fair rule only where the gradient can be computed in single precision at all, so `conditioning.py` chooses the point:
no unit near a kink of its activation, no pooling window whose two largest numbers are almost equal, statistics of the batch
itself over at least 64 numbers a channel. How many units and windows were left close is printed.
"""
import concurrent.futures, multiprocessing, os, re, subprocess, sys, tempfile, time, traceback

import inference

inference.load(1)
import conditioning
import h5py
import keras
import numpy as np
import ports
import tensorflow as tf

TOLERANCE = 1e-3
COUNT = 16  # pictures in the batch
FEW = {"ConvNeXtTiny": 4}  # nothing there is taken over the batch, and TensorFlow's grouped convolutions are slow

# Constructor, input size here, arguments: one of each family, the small one. The last map of those with batch
# normalisation has four positions or more. The slowest come first.
NETWORKS = [
    ("InceptionResNetV2", 107, {}), ("NASNetMobile", 64, {}), ("Xception", 72, {}), ("ResNet50", 64, {}),
    ("InceptionV3", 107, {}), ("DenseNet121", 64, {}), ("ResNet50V2", 64, {}), ("EfficientNetV2B0", 64, {}),
    ("EfficientNetB0", 64, {}), ("nn4.small2", 96, {}), ("ConvNeXtTiny", 32, {}), ("VGG16", 32, {}),
    ("MobileNetV3Small", 64, {}), ("MobileNetV2", 64, {"alpha": 0.5}), ("SqueezeNet", 96, {}),
    ("MobileNet", 64, {"alpha": 0.5}),
]


def build(name, size, options, precision):
    """The network in this precision, without softmax and without chance."""
    keras.backend.clear_session()
    keras.config.set_floatx(precision)
    if name == "SqueezeNet":
        model = ports.squeezenet(size)
        model = keras.Model(model.input, model.layers[-2].output)
    elif name == "nn4.small2":
        model = ports.nn4_small2(size, differentiable=True)
    else:
        model = getattr(keras.applications, name)(
            weights=None, input_shape=(size, size, 3), classes=10, classifier_activation=None, **options)
    for layer in model.layers:
        if hasattr(layer, "rate"):
            layer.rate = 0.0
    return model


def tape_gradients(model, pictures, direction, training):
    """TensorFlow's gradients by path, in the precision of the model."""
    keras.config.set_floatx(model.input.dtype)
    with tf.GradientTape() as tape:
        image = tf.constant(pictures, model.input.dtype)
        tape.watch(image)
        outputs = tf.reshape(model(image, training=training), (len(pictures), -1))
        loss = tf.reduce_sum(outputs * tf.cast(direction, outputs.dtype))
    found = tape.gradient(loss, [image, *model.trainable_variables])
    names = ["picture"] + [v.path for v in model.trainable_variables]
    return {n: np.asarray(tf.convert_to_tensor(g), "float64") for n, g in zip(names, found)}


def our_gradients(siamese, arguments, mode, result, expected):
    """The command's gradients under Keras' paths."""
    run = subprocess.run([siamese, "gradients", *arguments, "--output", result, "--batch-norm", mode, "--threads", "1"],
                         capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr.strip()[-400:])
    with h5py.File(result) as file:
        paths = [p.decode() if isinstance(p, bytes) else p for p in file["paths"][()]]
        found = {p: file[f"gradients/{i}"][()] for i, p in enumerate(paths)}
        # Two names that Keras 3 gives anew: a depthwise kernel's, and ConvNeXt's layer scales' (`variable_7`).
        # NASNet's layers lie in name scopes, which are no part of their names.
        names = {"/".join(n.split("/")[-2:]): n for n in expected}
        names |= {re.sub("/variable.*", "/gamma", n): n for n in expected}
        found = {names.get(p.replace("/depthwise_kernel", "/kernel"), names.get(p, p)): g for p, g in found.items()}
        found["picture"] = file["input_gradients"][()]
    missing = sorted(set(expected) - set(found))
    if missing:
        raise RuntimeError(f"no gradient for {missing[:3]} (of {len(missing)}); there are {sorted(found)[:3]}")
    return {n: found[n].reshape(expected[n].shape).astype("float64") for n in expected}


def errors(found, expected):
    """The relative error of each array and its name, the worst first."""
    largest = max(np.abs(e).max() for e in expected.values())

    def error(f, e):
        if np.abs(e).max() < 1e-9 * largest:  # zero but for rounding
            return np.abs(f - e).max() / largest
        return np.linalg.norm(f - e) / np.linalg.norm(e)

    return sorted(((float(error(found[n], e)), n) for n, e in expected.items()), reverse=True)


def compare(siamese, seed, name, size, options):
    """A line of results, and what is wrong."""
    start = time.time()
    random, count = np.random.default_rng(seed + 1), FEW.get(name, COUNT)
    coarse = random.uniform(-1, 1, (count, size // 8, size // 8, 3))
    pictures = np.asarray(tf.image.resize(coarse, (size, size), "bicubic")) + random.normal(0, 0.3, (count, size, size, 3))
    model = build(name, size, options, "float64")
    # OpenFace's ports leave the scaling of bytes to the caller; the graph here has it.
    scale = 255 if name == "nn4.small2" else 1
    if scale > 1 or any(isinstance(layer, (keras.layers.Rescaling, keras.layers.Normalization)) for layer in model.layers):
        pictures = 127.5 * (pictures + 1)
    pictures = pictures.astype("float32")
    ready = pictures.astype("float64") / scale
    inference.randomise(model, seed)
    point = conditioning.settle(model, ready, seed)
    single = build(name, size, options, "float32")
    single.set_weights(model.get_weights())
    model.set_weights(single.get_weights())
    for layer in single.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # what set_weights leaves out
    direction = random.standard_normal((count, int(np.prod(model.output_shape[1:]))), dtype="float32")
    words, wrong = [], []
    with tempfile.TemporaryDirectory() as folder:
        batch, result = os.path.join(folder, "pass.h5"), os.path.join(folder, "gradients.h5")
        with h5py.File(batch, "w") as file:
            file["inputs"], file["output_gradients"] = pictures, direction
        if name == "nn4.small2":
            path, how = os.path.join(folder, "network.h5"), ["--architecture", "nn4.small2"]
            inference.save(single, "a", path)
        else:
            path, how = os.path.join(folder, "network.keras"), ["--layer", single.layers[-1].name]
            single.save(path)
        for mode in ("frozen", "batch"):
            expected = tape_gradients(model, ready, direction, mode == "batch")
            own = errors(tape_gradients(single, ready, direction, mode == "batch"), expected)
            try:
                found = our_gradients(siamese, ["--backbone", path, *how, batch], mode, result, expected)
            except RuntimeError as error:
                wrong.append(f"{mode}: {error}")
                continue
            found["picture"] *= scale
            ours = errors(found, expected)
            words.append(f"{mode} {ours[0][0]:.1e} (Keras {own[0][0]:.1e})")
            wrong += [f"{mode}: {n} {tuple(expected[n].shape)}: {error:.1e}" for error, n in ours if not error <= TOLERANCE][:5]
    line = (f"{'FAIL' if wrong else 'ok':4} {name:18} {'  '.join(words)}  {len(expected)} arrays, {point.units:,} units at kinks"
            f"{f', none within {point.margin:.0e}' if point.units else ''}, {point.ties} of {point.windows:,} windows tied  {time.time() - start:.0f} s")
    return "\n     ".join([line] + wrong), bool(wrong)


def main():
    arguments, chosen = inference.choose(__doc__, NETWORKS, jobs=2, memory="; the largest takes 4 GB")
    start, failed = time.time(), 0
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs, multiprocessing.get_context("spawn")) as pool:
        runs = [pool.submit(compare, arguments.siamese, arguments.seed, *network) for network in chosen]
        for run in concurrent.futures.as_completed(runs):
            try:
                text, is_failure = run.result()
            except Exception:  # tell at once, not when all others are done
                text, is_failure = "FAIL " + traceback.format_exc(), True
            print(text, flush=True)
            failed += is_failure
    print(f"{len(chosen)} networks in {time.time() - start:.0f} s", flush=True)
    if failed:
        sys.exit(f"{failed} networks differ from gradients of double precision by more than {TOLERANCE:.0e}")


if __name__ == "__main__":
    main()
