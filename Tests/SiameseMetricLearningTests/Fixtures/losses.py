"""Losses, gradients and miners of pytorch-metric-learning on one small batch, as losses.json.

    python losses.py > losses.json          # needs torch and pytorch-metric-learning (made with 2.9)

Embeddings are given as they are (no normalisation inside distances except where the loss is defined on cosines), so that
distances here and there mean the same.
"""
import json, torch
from pytorch_metric_learning import distances, losses, miners, reducers

torch.manual_seed(7)
labels = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
base = torch.randn(4, 6).repeat_interleave(3, 0) * 0.35 + torch.randn(12, 6) * 0.5
proxies = torch.randn(4, 6) * 0.7
l2 = distances.LpDistance(normalize_embeddings=False, p=2, power=1)
squared = distances.LpDistance(normalize_embeddings=False, p=2, power=2)
cosine, dot = distances.CosineSimilarity(), distances.DotProductSimilarity(normalize_embeddings=False)
mean, active = reducers.MeanReducer(), reducers.AvgNonZeroReducer()
cases = []

def numbers(t): return [float(f"{v:.9g}") for v in t.detach().flatten().tolist()]

def case(name, distance, loss, miner=None, reducer=None, own=None):
    x = base.clone().requires_grad_()
    if own is not None:
        parameter = getattr(loss, own)
        with torch.no_grad(): parameter.copy_(proxies.t() if own == "W" else proxies)
    value = loss(x, labels, miner(x, labels) if miner else None)
    value.backward()
    entry = {"loss": name, "distance": distance, "value": value.item(), "gradient": numbers(x.grad)}
    if own is not None:
        entry["proxyGradient"] = numbers(parameter.grad.t() if own == "W" else parameter.grad)
    if miner: entry["miner"] = miner.named
    if reducer: entry["reducer"] = reducer
    cases.append(entry)

def named(miner, name):
    miner.named = name
    return miner

hard = lambda d: named(miners.BatchHardMiner(distance=d), "batch-hard")
every = lambda d: named(miners.TripletMarginMiner(margin=1e9, type_of_triplets="all", distance=d), "all")
for d, name in ((l2, "l2"), (squared, "squared-l2")):
    case("triplet:0.3", name, losses.TripletMarginLoss(0.3, distance=d, reducer=active), every(d))
    case("triplet:0.3", name, losses.TripletMarginLoss(0.3, distance=d, reducer=mean), hard(d), "mean")
    case("triplet:soft", name, losses.TripletMarginLoss(0, smooth_loss=True, distance=d, reducer=mean), hard(d))
    case("triplet:soft", name, losses.TripletMarginLoss(0, smooth_loss=True, distance=d, reducer=mean), every(d))
case("triplet:0.4", "l2", losses.TripletMarginLoss(0.4, distance=l2),
     named(miners.TripletMarginMiner(0.4, "semihard", distance=l2), "semi-hard:0.4"))
case("triplet:0.4", "l2", losses.TripletMarginLoss(0.4, distance=l2),
     named(miners.TripletMarginMiner(0.4, "hard", distance=l2), "hard"))
case("triplet:0.4", "l2", losses.TripletMarginLoss(0.4, distance=l2),
     named(miners.BatchEasyHardMiner("easy", "semihard", distance=l2), "easy-positive"))

class Hadsell(losses.ContrastiveLoss):
    """Half the square of the library's (unsquared) pair losses, as in the paper."""
    def _compute_loss(self, pos, neg, indices):
        made = super()._compute_loss(pos, neg, indices)
        for part in made.values(): part["losses"] = part["losses"] ** 2 / 2
        return made
case("contrastive:margin=1.5,positive-margin=0.1", "l2", Hadsell(0.1, 1.5, distance=l2))
case("contrastive-similarity:above=0.9,below=0.2", "cosine", losses.ContrastiveLoss(0.9, 0.2, distance=cosine))
case("lifted:1.2", "l2", losses.LiftedStructureLoss(1.2, 0, distance=l2))
case("generalized-lifted:1.2", "l2", losses.GeneralizedLiftedStructureLoss(1.2, 0, distance=l2))
case("n-pairs", "dot", losses.NPairsLoss(distance=dot))
case("nt-xent:0.2", "cosine", losses.NTXentLoss(0.2))
case("nt-xent:0.5", "l2", losses.NTXentLoss(0.5, distance=l2))
case("supcon:0.2", "cosine", losses.SupConLoss(0.2))
case("multi-similarity:alpha=2,beta=50,base=0.5", "cosine", losses.MultiSimilarityLoss(2, 50, 0.5), named(
    miners.MultiSimilarityMiner(0.1), "multi-similarity:0.1"))
case("multi-similarity:alpha=2,beta=10,base=0.5", "l2", losses.MultiSimilarityLoss(2, 10, 0.5, distance=l2), named(
    miners.MultiSimilarityMiner(0.1, distance=l2), "multi-similarity:0.1"))
case("multi-similarity", "cosine", losses.MultiSimilarityLoss(2, 50, 0.5), named(every(cosine), "all"))
case("circle:margin=0.4,gamma=20", "cosine", losses.CircleLoss(0.4, 20))
unit2 = distances.LpDistance(normalize_embeddings=False, p=2, power=2)
case("proxy-nca:3", "squared-l2", losses.ProxyNCALoss(4, 6, softmax_scale=3, distance=unit2), own="proxies")
case("proxy-anchor:margin=0.1,alpha=32", "cosine", losses.ProxyAnchorLoss(4, 6, 0.1, 32), own="proxies")
case("arcface:margin=28.6,scale=16", "cosine", losses.ArcFaceLoss(4, 6, margin=28.6, scale=16), own="W")
case("cosface:margin=0.35,scale=16", "cosine", losses.CosFaceLoss(4, 6, margin=0.35, scale=16), own="W")
print(json.dumps({"labels": labels.tolist(), "embeddings": numbers(base), "proxies": numbers(proxies), "cases": cases}))
