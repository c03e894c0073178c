#!/usr/bin/env python3
"""Compares the gradients of `siamese` with Keras' on every family of the catalogue.

    gradients.py SIAMESE [--only NAME,…] [--seed N]     # needs: pip install tensorflow-cpu keras h5py numpy
"""
import argparse, os, re, subprocess, sys, tempfile, time

import inference

inference.load(os.cpu_count())
import h5py
import keras
import numpy as np
import tensorflow as tf
from conditioning import settle
from inference import ports

TOLERANCE = 1e-3
COUNT = 16  # pictures in the batch

# Constructor, input size here, arguments: one of each family, the small one.
NETWORKS = [
    ("VGG16", 32, {}), ("ResNet50", 64, {}), ("ResNet50V2", 64, {}), ("InceptionV3", 128, {}), ("InceptionResNetV2", 128, {}),
    ("Xception", 96, {}), ("MobileNet", 64, {"alpha": 0.5}), ("MobileNetV2", 64, {"alpha": 0.5}),
    ("MobileNetV3Small", 64, {}), ("DenseNet121", 64, {}), ("NASNetMobile", 64, {}), ("EfficientNetB0", 64, {}),
    ("EfficientNetV2B0", 64, {}), ("ConvNeXtTiny", 64, {}), ("SqueezeNet", 96, {}), ("nn4.small2", 96, {}),
]


def build(name, size, options, precision):
    """The network, without softmax and without chance."""
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
    with tf.GradientTape() as tape:
        image = tf.constant(pictures, keras.config.floatx())
        tape.watch(image)
        outputs = tf.reshape(model(image, training=training), (len(pictures), -1))
        loss = tf.reduce_sum(outputs * tf.cast(direction, outputs.dtype))
    weights = model.trainable_variables
    found = tape.gradient(loss, [image, *weights])
    names = ["picture"] + [v.path for v in weights]
    return np.asarray(outputs), {n: np.asarray(tf.convert_to_tensor(g)) for n, g in zip(names, found)}


def relative(found, expected):
    """The error of each array, the worst first."""
    largest = max(np.abs(e).max() for e in expected.values())

    def error(f, e):
        if np.abs(e).max() < 1e-9 * largest:  # zero but for rounding
            return np.abs(f - e).max() / largest
        return np.linalg.norm(f - e) / np.linalg.norm(e)

    return sorted(((float(error(found[n].astype("float64"), e)), n) for n, e in expected.items()), reverse=True)


def compare(siamese, folder, name, size, options, seed):
    clock = time.time()
    random = np.random.default_rng(seed + 1)
    coarse = random.uniform(-1, 1, (COUNT, size // 8, size // 8, 3)).astype("float32")
    pictures = np.array(tf.image.resize(coarse, (size, size), "bicubic"))
    pictures += random.normal(0, 0.3, pictures.shape).astype("float32")
    model = build(name, size, options, "float64")
    rescales = any(isinstance(layer, (keras.layers.Rescaling, keras.layers.Normalization)) for layer in model.layers)
    if rescales or name == "nn4.small2":
        pictures = 127.5 * (pictures + 1)
    scale = 255 if name == "nn4.small2" else 1
    inference.randomise(model, seed)
    settled = settle(model, pictures.astype("float64") / scale)
    print(f"    settle {time.time() - clock:.0f} s: margin {settled.margin:.1e}, {settled.close} of {settled.units} units close, "
          f"{settled.ties} of {settled.windows} windows tied", flush=True)
    single = build(name, size, options, "float32")
    single.set_weights(model.get_weights())
    model.set_weights(single.get_weights())
    if name == "nn4.small2":
        path, layer = os.path.join(folder, "network.h5"), ["--architecture", "nn4.small2"]
        inference.save(single, "a", path)
    else:
        path, layer = os.path.join(folder, "network.keras"), ["--layer", single.layers[-1].name]
        single.save(path)
    direction = random.standard_normal((COUNT, int(np.prod(model.output_shape[1:]))), dtype="float32")
    batch, result = os.path.join(folder, "pass.h5"), os.path.join(folder, "gradients.h5")
    with h5py.File(batch, "w") as file:
        file["inputs"], file["output_gradients"] = pictures, direction
    words, wrong = [], []
    for mode in ("frozen", "batch"):
        keras.config.set_floatx("float32")
        clock = time.time()
        own_outputs, own = tape_gradients(single, (pictures / scale).astype("float32"), direction, mode == "batch")
        t1 = time.time() - clock
        keras.config.set_floatx("float64")
        clock = time.time()
        outputs, expected = tape_gradients(model, pictures.astype("float64") / scale, direction, mode == "batch")
        t2 = time.time() - clock
        clock = time.time()
        run = subprocess.run([siamese, "gradients", "--backbone", path, *layer, batch, "--output", result,
                              "--batch-norm", mode], capture_output=True, text=True)
        t3 = time.time() - clock
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
            found["picture"], found_outputs = file["input_gradients"][()] * scale, file["outputs"][()].reshape(COUNT, -1)
        missing = sorted(set(expected) - set(found))
        if missing:
            wrong.append(f"{mode}: no gradient for {missing[:3]} (of {len(missing)}); there are {sorted(found)[:3]}")
            continue
        found = {n: found[n].reshape(expected[n].shape) for n in expected}
        forward = float(np.abs(found_outputs - outputs).max() / np.abs(outputs).max())
        fk = float(np.abs(own_outputs - outputs).max() / np.abs(outputs).max())
        ours, theirs = relative(found, expected), relative(own, expected)
        med = lambda e: np.median([x for x, _ in e])
        words.append(f"{mode} {ours[0][0]:.1e} (median {med(ours):.0e}; Keras {theirs[0][0]:.1e} median {med(theirs):.0e}; outputs {forward:.1e} K {fk:.1e}; {t1:.0f} {t2:.0f} {t3:.0f} s)")
        wrong += [f"{mode}: {n} {expected[n].shape} {error:.1e}" for error, n in ours if not error <= TOLERANCE][:5]
        if theirs[0][0] > TOLERANCE: words.append(f"Keras worst {theirs[0][1]}")
    return "\n    ".join(words), wrong


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
            words, wrong = compare(arguments.siamese, folder, name, size, options, arguments.seed)
        if wrong:
            failed.append(name)
        print(f"{'FAIL' if wrong else 'ok':4} {name:18} {words}  {time.time() - start:.0f} s", flush=True)
        for failure in wrong:
            print("     " + failure, flush=True)
    if failed:
        sys.exit(f"gradients differ from those of double precision by more than {TOLERANCE:.0e}: {', '.join(failed)}")


if __name__ == "__main__":
    main()
