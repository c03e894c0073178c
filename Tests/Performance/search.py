#!/usr/bin/env python3
"""Times exact search of a gallery beside FAISS's IndexFlat on data of the same shape, and prints the ratio.

Needs faiss-cpu, numpy, and the built executable.  Run: Tests/Performance/search.py [path of siamese] [rows] [threads]
Each side takes turns three times; the fastest of all rounds counts.
"""
import json
import pathlib
import subprocess
import sys
import time

import faiss
import numpy as np

root = pathlib.Path(__file__).resolve().parents[2]
siamese = sys.argv[1] if len(sys.argv) > 1 else str(root / ".build/release/siamese")
rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
threads = int(sys.argv[3]) if len(sys.argv) > 3 else 2
width, queries, top = 128, 100, 10
faiss.omp_set_num_threads(threads)
random = np.random.default_rng(0)
gallery = random.random((rows, width), dtype=np.float32) - 0.5
asked = random.random((queries, width), dtype=np.float32) - 0.5
for name, make in [("l2", faiss.IndexFlatL2), ("dot", faiss.IndexFlatIP)]:
    index = make(width)
    index.add(gallery)
    ours, theirs = [], []
    for _ in range(3):
        for _ in range(3):
            start = time.perf_counter()
            index.search(asked, top)
            theirs.append(1e3 * (time.perf_counter() - start))
        found = subprocess.run(
            [siamese, "gallery", "bench", "--rows", str(rows), "--width", str(width), "--queries", str(queries), "--top",
             str(top), "--distance", name, "--rounds", "3", "--threads", str(threads), "--json"],
            check=True, capture_output=True, text=True)
        ours.append(json.loads(found.stdout)["milliseconds"])
    print(f"{rows}×{width}, {queries} queries, top {top}, {name}: siamese {min(ours):.0f} ms, FAISS {min(theirs):.0f} ms, "
          f"ratio {min(ours) / min(theirs):.2f}", flush=True)
