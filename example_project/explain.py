"""Follows one prediction through the trees: what each input adds, starting from where everybody starts.

python explain.py '{"age": 50, "education-num": 16, …}'
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import skops.io

ARTIFACT = Path(__file__).parent / "artifacts" / "model.skops"
TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]


def explain(example: dict[str, Any], *, model: Path = ARTIFACT) -> dict[str, Any]:
    """The log-odds of more than 50,000 dollars as a sum: a baseline, and what each input adds to it.

    At every split the mean of what lies below changes; the change is counted for the input that was asked about, and
    adds up over all splits on the example's way through all trees (Saabas 2014). Where inputs act together, the one
    that is asked later gets what both do.
    """
    pipeline = skops.io.load(model, trusted=TRUSTED)
    inputs, trees = pipeline[0], pipeline[-1]
    row = inputs.transform(pd.DataFrame([example]))[0]
    origin = origins(inputs)
    # scikit-learn shows neither publicly; should another version keep them elsewhere, the parts no longer add up
    baseline, grown = float(trees._baseline_prediction.item()), trees._predictors  # noqa: SLF001
    contributions = Counter(dict.fromkeys(origin, 0.0))
    for (tree,) in grown:
        means = expectations(tree.nodes)
        baseline += means[0]
        for column, change in way(tree.nodes, means, row):
            contributions[origin[column]] += change
    return {"baseline": baseline, "contributions": dict(contributions), "link": "logit", "class": pipeline.classes_[1]}


def origins(inputs: Any) -> list[str]:
    """For each column that the trees see, the input that it was made from."""
    found: list[str] = []
    for _, encoder, names in inputs.transformers_:
        if hasattr(encoder, "categories_"):
            found += [name for name, known in zip(names, encoder.categories_, strict=True) for _ in known]
        else:
            found += list(names)
    return found


def expectations(nodes: Any) -> list[float]:
    """The mean of the leaves below each node, by the training rows that reached them."""
    means = [0.0] * len(nodes)
    for place in reversed(range(len(nodes))):  # children stand behind their parents
        node = nodes[place]
        if node["is_leaf"]:
            means[place] = float(node["value"])
        else:
            left, right = int(node["left"]), int(node["right"])
            below = means[left] * nodes[left]["count"] + means[right] * nodes[right]["count"]
            means[place] = float(below / (nodes[left]["count"] + nodes[right]["count"]))
    return means


def way(nodes: Any, means: list[float], row: Any) -> list[tuple[int, float]]:
    """The columns that the row is asked about in one tree, each with the change of the mean that its answer makes."""
    place, found = 0, []
    while not nodes[place]["is_leaf"]:
        node = nodes[place]
        value = float(row[node["feature_idx"]])
        left = bool(node["missing_go_to_left"]) if math.isnan(value) else value <= node["num_threshold"]
        below = int(node["left"] if left else node["right"])
        found.append((int(node["feature_idx"]), means[below] - means[place]))
        place = below
    return found


def main() -> None:
    found = explain(json.loads(sys.argv[1]))
    total = found["baseline"] + sum(found["contributions"].values())
    print(f"{'everybody':16}{found['baseline']:+8.3f}")
    for name, value in sorted(found["contributions"].items(), key=lambda pair: -abs(pair[1])):
        print(f"{name:16}{value:+8.3f}")
    print(f"{'log-odds':16}{total:+8.3f}: {1 / (1 + math.exp(-total)):.1%} for {found['class']}")


if __name__ == "__main__":
    main()
