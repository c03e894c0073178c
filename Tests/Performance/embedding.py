"""Times `siamese embed` on a folder of JPEGs beside the bare network and the decoding alone, and its memory.

    python embedding.py WEIGHTS.h5 --siamese .build/release/siamese [--layer avg_pool] [--pictures 1000] [--folder DIR]

Makes the pictures (640×480, smooth noise with grain, quality 90) in DIR, or in a temporary folder. The goal: pictures a
second of the whole command, from the start of its process to the features file, at least 90 % of what is left of the bare
network's rate once every picture has had its own decoding and resizing, by Pillow, on the same cores; and as much memory
for all the pictures as for a tenth of them, but for the features themselves. Each figure is the best of --runs.
Needs: pip install numpy pillow
"""
import argparse
import json
import os
import subprocess
import tempfile
import time

import numpy as np
from PIL import Image


def make_pictures(folder, count):
    random = np.random.default_rng(1)
    os.makedirs(folder, exist_ok=True)
    for index in range(count):
        path = os.path.join(folder, f"{index:05d}.jpg")
        if os.path.exists(path):
            continue
        coarse = Image.fromarray(random.integers(0, 256, (15, 20, 3), dtype="uint8")).resize((640, 480), Image.BICUBIC)
        grain = random.integers(-6, 7, (480, 640, 3), dtype="int16")
        pixels = np.clip(np.asarray(coarse, "int16") + grain, 0, 255).astype("uint8")
        Image.fromarray(pixels).save(path, quality=90)


def decoding_seconds(paths, size):
    """Processor time that Pillow takes to decode one picture and resize it."""
    start = time.process_time()
    for path in paths:
        with Image.open(path) as picture:
            np.asarray(picture.convert("RGB").resize((size, size), Image.BILINEAR))
    return (time.process_time() - start) / len(paths)


def embed(arguments, paths):
    """Seconds, processor seconds and megabytes at most of one run of the command."""
    with tempfile.TemporaryDirectory() as folder:
        listed = os.path.join(folder, "pictures.csv")
        with open(listed, "w") as file:
            file.write("".join(f"picture,{path}\n" for path in paths))
        start = time.perf_counter()
        process = subprocess.Popen(
            [arguments.siamese, "embed", "--backbone", arguments.weights, "--data", listed, "--output",
             os.path.join(folder, "features.npy"), "--batch", "16", "--threads", str(arguments.threads), "--precision",
             arguments.precision], stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            raise SystemExit("siamese embed failed")
        rows = np.load(os.path.join(folder, "features.npy"), mmap_mode="r").shape
        assert rows[0] == len(paths), rows
        return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, rows[1] * 4 / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights")
    parser.add_argument("--siamese", required=True)
    parser.add_argument("--layer", default="avg_pool")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--folder")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--only-make", action="store_true", help="makes the pictures in --folder and stops")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or temporary
        make_pictures(folder, arguments.pictures)
        if arguments.only_make:
            return
        paths = [os.path.abspath(os.path.join(folder, name)) for name in sorted(os.listdir(folder))][:arguments.pictures]
        decoding = min(decoding_seconds(paths[:100], arguments.size) for _ in range(3))
        bare, whole = 0.0, (float("inf"),)
        for _ in range(arguments.runs):
            done = subprocess.run(
                [arguments.siamese, "bench", "--backbone", arguments.weights, "--layer", arguments.layer, "--batch", "16",
                 "--threads", str(arguments.threads), "--precision", arguments.precision, "--deterministic", "--json"],
                check=True, capture_output=True, text=True)
            bare = max(bare, json.loads(done.stdout)["images_per_second"])
            whole = min(whole, embed(arguments, paths))
        few = embed(arguments, paths[:len(paths) // 10])
    reached = len(paths) / whole[0]
    possible = 1 / (1 / bare + decoding / arguments.threads)
    print(f"bare network {bare:.1f}/s; decoding {decoding * 1e3:.2f} ms of one core a picture; together at most {possible:.1f}/s")
    print(f"siamese embed {reached:.1f}/s ({whole[0]:.2f} s for {len(paths)}, {whole[1]:.2f} s of processors): "
          f"{reached / possible:.0%} of that")
    print(f"memory at most: {whole[2]:.0f} MB for {len(paths)} pictures, {few[2]:.0f} MB for {len(paths) // 10}; "
          f"features {whole[3] * len(paths):.1f} MB")


if __name__ == "__main__":
    main()
