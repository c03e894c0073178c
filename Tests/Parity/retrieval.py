#!/usr/bin/env python3
"""Compares `siamese evaluate retrieval` and `verification` with pytorch-metric-learning and scikit-learn to 1e-6.

Needs torch, pytorch-metric-learning, faiss-cpu, scikit-learn, and the built executable.
Run: Tests/Parity/retrieval.py [path of siamese]
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
from pytorch_metric_learning.distances import CosineSimilarity, LpDistance
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN
from sklearn.metrics import roc_auc_score

root = pathlib.Path(__file__).resolve().parents[2]
siamese = sys.argv[1] if len(sys.argv) > 1 else str(root / ".build/release/siamese")
keys = ["precision_at_1", "r_precision", "mean_average_precision_at_r", "mean_average_precision", "mean_reciprocal_rank"]
random = np.random.default_rng(5)
worst = 0.0


def save(path, rows, labels):
    np.save(path, rows)
    lines = [f"{i}.png\tclass{label}" for i, label in enumerate(labels)]
    path.with_suffix(".tsv").write_text("path\tlabel\n" + "\n".join(lines) + "\n")


def evaluate(folder, *arguments):
    figures = folder / "figures.json"
    subprocess.run([siamese, "evaluate", *arguments, "--metrics", str(figures)], check=True, stdout=subprocess.DEVNULL)
    return json.loads(figures.read_text())


def check(name, found, expected, tolerance=1e-6):
    global worst
    worst = max(worst, abs(found - expected))
    print(f"{name:52} {found:.9f} {expected:.9f}")
    assert abs(found - expected) <= tolerance, name


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    for count, width, classes in [(200, 8, 12), (1500, 64, 90)]:
        labels = random.integers(0, classes, count)
        labels[:2] = [classes, classes + 1]
        centres = random.normal(size=(classes + 2, width))
        rows = (centres[labels] + 1.4 * random.normal(size=(count, width))).astype(np.float32)
        queries = (centres[labels[: count // 4]] + 1.4 * random.normal(size=(count // 4, width))).astype(np.float32)
        save(folder / "rows.npy", rows, labels)
        save(folder / "queries.npy", queries, labels[: count // 4])
        for name, distance in [("l2", LpDistance(normalize_embeddings=False)), ("cosine", CosineSimilarity())]:
            calculator = AccuracyCalculator(include=keys, device=torch.device("cpu"), knn_func=CustomKNN(distance))
            expected = calculator.get_accuracy(torch.tensor(rows), torch.tensor(labels))
            found = evaluate(folder, "retrieval", "--features", str(folder / "rows.npy"), "--distance", name)
            for key in keys:
                check(f"{count}×{width} {name} {key}", found[key], expected[key])
            expected = calculator.get_accuracy(
                torch.tensor(queries), torch.tensor(labels[: count // 4]), torch.tensor(rows), torch.tensor(labels))
            found = evaluate(
                folder, "retrieval", "--features", str(folder / "queries.npy"), "--gallery", str(folder / "rows.npy"),
                "--distance", name)
            for key in keys:
                check(f"{count}×{width} {name} queries {key}", found[key], expected[key])
        x = rows.astype(np.float64)
        squares = (x * x).sum(1)
        distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * x @ x.T, 0))
        upper = np.triu_indices(count, 1)
        same = labels[upper[0]] == labels[upper[1]]
        found = evaluate(
            folder, "verification", "--features", str(folder / "rows.npy"), "--distance", "l2", "--rounds", "0")
        check(f"{count}×{width} auc", found["auc"], roc_auc_score(same, -distances[upper]))
    # Groups so far apart that our k-means must find them (FAISS's random start may not, so the reference is handed them);
    # a fifth of the labels is wrong: agreement is neither none nor full.
    groups = np.arange(600) % 15
    rows = (40 * random.normal(size=(15, 16))[groups] + random.normal(size=(600, 16))).astype(np.float32)
    labels = np.where(random.random(600) < 0.2, random.integers(0, 15, 600), groups)
    save(folder / "groups.npy", rows, labels)
    calculator = AccuracyCalculator(
        include=["NMI", "AMI"], device=torch.device("cpu"), kmeans_func=lambda *_: torch.tensor(groups))
    expected = calculator.get_accuracy(torch.tensor(rows), torch.tensor(labels))
    found = evaluate(folder, "retrieval", "--features", str(folder / "groups.npy"), "--distance", "l2")
    for key in ["NMI", "AMI"]:
        check(f"15 groups {key}", found[key.lower()], expected[key])
print(f"largest difference {worst:.2e}")
