#!/usr/bin/env python3
"""Compares features in bfloat16 with those in float32 for every architecture of the catalogue.

    precision.py SIAMESE [--only NAME,…] [--seed N] [--jobs N]     # needs: pip install tensorflow-cpu keras h5py pillow

`siamese embed` gives the default features of eight pictures in both precisions; the cosine between the two, for the worst
picture, must be 0.999 or more with the seeded random weights of inference.py. Then batch-norm statistics are taken from the
pictures, and what a residual branch adds is made small, as training leaves them. Such networks of random weights amplify
whatever is rounded: where Keras, computing in float32 with nothing but its kernels rounded to bfloat16, falls below 0.999,
the loss (1 − cosine) may be up to four times that one: maps are rounded too, before and after an activation. Says so and ends where the processor has no bfloat16 arithmetic.
"""
import concurrent.futures, multiprocessing, os, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import inference
from inference import NETWORKS, build, load, prepared, randomise

SMALLEST = 0.999
AMPLIFIED = 4
PICTURES = 8


def calibrate(model, ready):
    """Small residual branches, and statistics of these inputs in every batch normalisation."""
    keras = inference.keras
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in norms:
        layer.momentum = 0.0
        followers = [node.operation for node in layer._outbound_nodes]
        if layer.scale and any(isinstance(follower, (keras.layers.Add, keras.layers.Dropout)) for follower in followers):
            layer.gamma.assign(layer.gamma * 0.3)
    if norms:
        model(ready, training=True)


def rounded(weights):
    """Kernels as bfloat16 holds them."""
    np = inference.np
    bits = weights.astype("float32").view("uint32")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype("uint32").view("float32") if weights.ndim > 1 else weights


def worst_cosine(a, b):
    np = inference.np
    return float(((a * b).sum(1) / np.maximum(1e-30, np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))).min())


def embeddings(siamese, threads, model, pictures, mode):
    """The features of `pictures` in float32 and in bfloat16."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, f"{index}.png") for index in range(PICTURES)]
        for picture, path in zip(pictures, paths):
            inference.Image.fromarray(picture).save(path)
        file, result = os.path.join(folder, "network.h5"), os.path.join(folder, "out.npy")
        model.save(file)
        for precision in ("f32", "bf16"):
            run = subprocess.run(
                [siamese, "embed", "--backbone", file, "--images", *paths, "--output", result, "--preprocess", mode,
                 "--batch", "4", "--threads", str(threads), "--precision", precision], capture_output=True, text=True)
            if run.returncode:
                raise RuntimeError(run.stderr.strip()[-300:])
            found.append(inference.np.load(result))
    return found


def compare(siamese, threads, seed, name, size, options, mode):
    np, keras = inference.np, inference.keras
    start = time.time()
    keras.backend.clear_session()
    model = build(name, size, options)
    randomise(model, seed)
    random = np.random.default_rng(seed + 1)
    pictures = random.integers(0, 256, (PICTURES, size // 8, size // 8, 3)).repeat(8, 1).repeat(8, 2).astype("uint8")
    ready = prepared(pictures, name, mode)
    title = name + "".join(f" {key}={value}" for key, value in options.items())
    try:
        cosine = worst_cosine(*embeddings(siamese, threads, model, pictures, mode))
        calibrate(model, ready)
        single, half = embeddings(siamese, threads, model, pictures, mode)
    except RuntimeError as failure:
        return f"FAIL {title}: {failure}", True
    calibrated = worst_cosine(single, half)
    head = [layer for layer in model.layers if layer.weights][-1]
    features = keras.Model(model.input, model.output if name == "nn4.small2" else head.input)
    model.set_weights([rounded(weights) for weights in model.get_weights()])
    kernels = np.asarray(features(ready, training=False))
    inherent = worst_cosine(single, kernels.mean((1, 2)) if kernels.ndim == 4 else kernels)
    good = cosine >= SMALLEST and (calibrated >= SMALLEST or 1 - calibrated <= AMPLIFIED * (1 - inherent))
    return (f"{'ok' if good else 'FAIL':4} {title:34} {single.shape[1]:5} features  cosine {cosine:.5f}; calibrated "
            f"{calibrated:.5f}, of which rounded kernels {inherent:.5f}  {time.time() - start:.0f} s"), not good


def main():
    arguments, chosen = inference.choose(__doc__, NETWORKS, jobs=4)
    try:
        flags = open("/proc/cpuinfo").read()
    except OSError:
        flags = ""
    if "avx512_bf16" not in flags:
        print("skip: this processor has no bfloat16 arithmetic (avx512_bf16)")
        return
    threads = max(1, os.cpu_count() // arguments.jobs)
    failed = 0
    with concurrent.futures.ProcessPoolExecutor(
            arguments.jobs, multiprocessing.get_context("spawn"), load, (threads,)) as pool:
        for run in [pool.submit(compare, arguments.siamese, threads, arguments.seed, *network) for network in chosen]:
            text, is_failure = run.result()
            print(text, flush=True)
            failed += is_failure
    if failed:
        sys.exit(f"{failed} of {len(chosen)} networks lose more in bfloat16 than they may")


if __name__ == "__main__":
    main()
