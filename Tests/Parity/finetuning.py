"""Fine-tunes on the same faces with siamese-finetune and with PyTorch and pytorch-metric-learning, with the same options.

    python finetuning.py BACKBONE.h5 FACES [--siamese-folder .build/release] [--seeds 5] [--steps 400]

Both train one linear layer over the signed roots of the backbone's features, from a random orthogonal start, by batch-hard
triplets with a soft margin on cosine distances, Adam and a cosine schedule, 8 people of 4 pictures a step. The people
that siamese-finetune holds out are held out here. Prints the equal-error rates on them, and fails where ours is worse by more
than one standard deviation of PyTorch's over the seeds. Not run by continuous integration: it needs faces and minutes.

Needs torch, pytorch-metric-learning, numpy and h5py.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import torch
from pytorch_metric_learning import distances, losses, miners

parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("backbone")
parser.add_argument("faces")
parser.add_argument("--siamese-folder", default=str(pathlib.Path(__file__).resolve().parents[2] / ".build/release"))
parser.add_argument("--seeds", type=int, default=5)
parser.add_argument("--steps", type=int, default=400)
parser.add_argument("--rate", type=float, default=1e-3)
options = parser.parse_args()
torch.set_num_threads(1)


def equal_error_rate(embeddings, labels):
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    first, second = np.triu_indices(len(unit), 1)
    order = np.argsort(-(unit @ unit.T)[first, second], kind="stable")
    same = (labels[first] == labels[second])[order]
    missed, accepted = 1 - np.cumsum(same) / same.sum(), np.cumsum(~same) / (~same).sum()
    place = np.argmin(abs(missed - accepted))
    return float(missed[place] + accepted[place]) / 2


def train(features, labels, seed):
    """The head's weights, as (matrix, offset)."""
    torch.manual_seed(seed)
    generator = np.random.RandomState(seed)
    layer = torch.nn.Linear(features.shape[1], features.shape[1])
    torch.nn.init.orthogonal_(layer.weight)
    with torch.no_grad():
        layer.bias.copy_(-layer.weight @ features.mean(0))
    loss = losses.TripletMarginLoss(smooth_loss=True, margin=0, distance=distances.CosineSimilarity())
    miner = miners.BatchHardMiner(distance=distances.CosineSimilarity())
    optimizer = torch.optim.Adam(layer.parameters(), options.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps)
    rows = {person: np.flatnonzero(labels == person) for person in np.unique(labels)}
    for _ in range(options.steps):
        people = generator.choice(list(rows), 8, replace=False)
        batch = np.concatenate([generator.choice(rows[person], 4, replace=False) for person in people])
        target = torch.tensor(labels[batch])
        embeddings = layer(features[batch])
        value = loss(embeddings, target, miner(embeddings, target))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()
    return layer


ours, theirs = [], []
with tempfile.TemporaryDirectory() as folder:
    subprocess.run(
        [f"{options.siamese_folder}/siamese", "embed", "--backbone", options.backbone, "--data", options.faces,
         "--output", f"{folder}/plain.npy"], check=True, stderr=subprocess.DEVNULL)
    plain = np.load(f"{folder}/plain.npy")
    names = [line.rstrip("\n").split("\t")[1] for line in open(f"{folder}/plain.tsv")][1:]
    people = sorted(set(names))
    labels = np.array([people.index(name) for name in names])
    roots = torch.tensor(np.sign(plain) * np.sqrt(abs(plain)))
    for seed in range(1, options.seeds + 1):
        subprocess.run(
            [f"{options.siamese_folder}/siamese-finetune", "--backbone", options.backbone, "--data", options.faces,
             "--output", f"{folder}/model.h5", "--metrics", f"{folder}/metrics.json", "--head", "linear",
             "--head-init", "orthogonal", "--choose-on", "0", "--steps", str(options.steps), "--rate", str(options.rate),
             "--seed", str(seed)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ours.append(json.load(open(f"{folder}/metrics.json"))["after"]["equal_error_rate"])
        with h5py.File(f"{folder}/model.h5") as file:
            learned = {name.decode() if isinstance(name, bytes) else name for name in file["siamese/classes"][()]}
        seen = np.array([name in learned for name in names])
        layer = train(roots[seen], labels[seen], seed)
        with torch.no_grad():
            theirs.append(equal_error_rate(layer(roots[~seen]).numpy(), labels[~seen]))
        print(f"seed {seed}: equal-error rate on {len(people) - len(learned)} unseen people {ours[-1]:.2%}, PyTorch {theirs[-1]:.2%}")
spread = float(np.std(theirs, ddof=1)) if options.seeds > 1 else 0.0
print(f"mean {np.mean(ours):.2%}, PyTorch {np.mean(theirs):.2%} ± {spread:.2%}")
sys.exit(0 if np.mean(ours) <= np.mean(theirs) + spread else 1)
