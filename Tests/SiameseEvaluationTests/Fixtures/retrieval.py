"""Writes retrieval.json: embeddings with the figures pytorch-metric-learning's AccuracyCalculator and scikit-learn give.

Needs: torch, pytorch-metric-learning, faiss-cpu, scikit-learn.  Run: python retrieval.py > retrieval.json
"""
import json
import numpy as np
import torch
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN
from pytorch_metric_learning.distances import CosineSimilarity, LpDistance
from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score

random = np.random.default_rng(7)


def cloud(count, width, classes):
    labels = random.integers(0, classes, count)
    centres = random.normal(size=(classes, width))
    return (centres[labels] + 1.1 * random.normal(size=(count, width))).astype(np.float32).round(3), labels


def figures(distance, query, labels, reference=None, reference_labels=None):
    calculator = AccuracyCalculator(
        include=("precision_at_1", "r_precision", "mean_average_precision_at_r", "mean_average_precision",
                 "mean_reciprocal_rank"),
        device=torch.device("cpu"), knn_func=CustomKNN(distance))
    args = [query, labels] + ([] if reference is None else [reference, reference_labels])
    return calculator.get_accuracy(*[torch.tensor(a) for a in args])


embeddings, labels = cloud(120, 6, 9)
labels[:3] = [100, 101, 102]  # classes of one picture
queries, query_labels = cloud(40, 6, 12)  # some classes are not among the references
clusters = random.integers(0, 8, 120)
clusters[labels == 2] = 3
result = {
    "width": 6,
    "embeddings": [round(float(x), 3) for x in embeddings.ravel()],
    "labels": labels.tolist(),
    "queries": [round(float(x), 3) for x in queries.ravel()],
    "query_labels": query_labels.tolist(),
    "l2": figures(LpDistance(normalize_embeddings=False), embeddings, labels),
    "cosine": figures(CosineSimilarity(), embeddings, labels),
    "l2_queries": figures(LpDistance(normalize_embeddings=False), queries, query_labels, embeddings, labels),
    "clusters": clusters.tolist(),
    "nmi": normalized_mutual_info_score(labels, clusters),
    "ami": adjusted_mutual_info_score(labels, clusters),
}
print(json.dumps(result))
