"""Writes verification.json: pairs in ten folds with figures by the plainest code there is, and scikit-learn's.

The fold accuracies are those of the face toolkits' usual evaluation: a grid of thresholds from 0 to 4 by 0.01, the first
best of nine folds applied to the tenth.  Needs: numpy, scikit-learn.  Run: python verification.py > verification.json
"""
import json
import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score, roc_curve

random = np.random.default_rng(3)
folds, labels = [], []
for _ in range(10):
    same = np.tile([1, 0], 30)
    distance = np.where(same, random.gamma(9, 0.1, 60), random.gamma(20, 0.1, 60)).astype(np.float32).round(4)
    folds.append(distance + np.float32(3e-5))  # never on the grid of thresholds
    labels.append(same)
folds, labels = np.array(folds), np.array(labels)
grid = np.arange(0, 4, 0.01)
accuracies, vals, fars = [], [], []
for i in range(10):
    train, y = np.delete(folds, i, 0).ravel(), np.delete(labels, i, 0).ravel()
    best = grid[np.argmax([np.mean((train <= t) == y) for t in grid])]
    accuracies.append(np.mean((folds[i] <= best) == labels[i]))
    allowed = [t for t in grid if np.mean(train[y == 0] <= t) <= 0.02]
    t = allowed[-1]
    vals.append(np.mean(folds[i][labels[i] == 1] <= t))
    fars.append(np.mean(folds[i][labels[i] == 0] <= t))
distance, same = folds.ravel(), labels.ravel()
fpr, tpr, _ = roc_curve(same, -distance, drop_intermediate=False)
x = np.linspace(0, 1, 1_000_001)
gap = np.interp(x, fpr, tpr) - (1 - x)
eer = float(x[np.argmax(gap >= 0)])
weights = np.where(same == 1, 1 / (same == 1).sum(), 1 / (same == 0).sum())
isotonic = IsotonicRegression(increasing=False, out_of_bounds="clip").fit(distance, same, sample_weight=weights)
probes = np.linspace(0.3, 3, 28)
print(json.dumps({
    "folds": [[round(float(d), 5) for d in f] for f in folds],
    "same": labels.tolist(),
    "accuracy": float(np.mean(accuracies)),
    "accuracy_standard_error": float(np.std(accuracies, ddof=1) / np.sqrt(10)),
    "val": float(np.mean(vals)),
    "val_far": float(np.mean(fars)),
    "auc": float(roc_auc_score(same, -distance)),
    "equal_error_rate": eer,
    "tar_at_far_1e-2": float(np.mean(distance[same == 1] <= max(t for t in distance if np.mean(distance[same == 0] <= t) <= 0.01))),
    "probes": probes.tolist(),
    "isotonic": isotonic.predict(probes).tolist(),
}))
