"""Turns texts and vectors into numbers whose distributions can be compared: length, unknown words, a domain classifier.

Half of each window teaches (the reference's vocabulary, and a classifier that tells the windows apart), the other half
is compared, so that without a change both sides are alike whatever was learnt. A linear classifier sees words, n-grams
and directions that became more or less frequent; it does not see a change of order or of meaning in the same words.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_mlready.drift import contrast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from pytest_mlready.drift.contrast import Blocks, Contrast
    from pytest_mlready.drift.findings import Bands
    from pytest_mlready.drift.windows import Pair

    Sides = list[pl.Series]
    Numbers = NDArray[np.float64]

WORD = re.compile(r"\w+")
MOST = 20_000  # rows of a window that are read: a classifier on more takes minutes and tells no more
HASHED = 1 << 16  # columns that n-grams are hashed into (Weinberger et al. 2009, ICML)


def contrasts(pair: Pair, bands: Bands, blocks: Blocks, seed: int) -> Iterator[Contrast]:
    """Yields the comparisons of a column of texts or vectors: missing share, and each number derived from it."""
    gaps = contrast.missing(pair.reference), contrast.missing(pair.current)
    if gaps[0].any() or gaps[1].any():
        yield contrast.missing_share(pair.name, gaps, bands, blocks)
    rng = np.random.default_rng(seed)
    rows = [_halves(np.flatnonzero(~gap), side, rng) for gap, side in zip(gaps, blocks or (None, None), strict=True)]
    if any(not len(half) for halves in rows for half in halves):
        return
    sides = (pair.reference, pair.current)
    taught, compared = ([side[half[i]] for side, half in zip(sides, rows, strict=True)] for i in (0, 1))
    kept = blocks and (blocks[0][rows[0][1]], blocks[1][rows[1][1]])
    numbers = _of_texts if pair.kind == "text" else _of_vectors
    for part, first, second in numbers(taught, compared):
        yield contrast.numbers(pair.name, first, second, bands, kept, part)


def _halves(rows: NDArray[np.intp], blocks: Any, rng: np.random.Generator) -> tuple[NDArray[np.intp], ...]:
    """Rows that teach and rows that are compared, each ascending; a block is never split between them."""
    if len(rows) > MOST:
        rows = np.sort(rng.choice(rows, MOST, replace=False))
    if blocks is None:
        order = rng.permutation(rows)
        return np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    names = rng.permutation(np.unique(blocks[rows]))
    teaches = np.isin(blocks[rows], names[: len(names) // 2])
    return rows[teaches], rows[~teaches]


def _of_texts(taught: Sides, compared: Sides) -> Iterator[tuple[str, Numbers, Numbers]]:
    words = [[WORD.findall(text.lower()) for text in side] for side in (taught[0], *compared)]
    known = {word for text in words[0] for word in text}
    lengths = [np.array([len(text) for text in side], float) for side in words[1:]]
    yield "words in a text", lengths[0], lengths[1]
    unknown = [np.array([_unknown(text, known) for text in side], float) for side in words[1:]]
    yield "share of unknown words", unknown[0], unknown[1]
    yield ("domain score", *_domain_scores([_hashed(side) for side in (*taught, *compared)]))


def _unknown(text: Sequence[str], known: set[str]) -> float:
    return sum(word not in known for word in text) / len(text) if text else 0.0


def _hashed(texts: pl.Series) -> Any:
    """Character n-grams within words, hashed: they also serve languages that write no spaces between words."""
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(analyzer="char_wb", ngram_range=(2, 4), n_features=HASHED).transform(texts.to_list())


def _of_vectors(taught: Sides, compared: Sides) -> Iterator[tuple[str, Numbers, Numbers]]:
    arrays = [_matrix(side) for side in (*taught, *compared)]
    if len({a.shape[1] for a in arrays}) > 1:
        sizes = [np.array([len(v) for v in side], float) for side in compared]
        yield "dimensions", sizes[0], sizes[1]
        return
    yield "length", _norms(arrays[2]), _norms(arrays[3])
    centre, scale = arrays[0].mean(axis=0), arrays[0].std(axis=0)
    standard = [(a - centre) / np.where(scale > 0, scale, 1) for a in arrays]
    yield ("domain score", *_domain_scores(standard))


def _norms(vectors: Numbers) -> Numbers:
    return np.asarray(np.linalg.norm(vectors, axis=1))


def _matrix(vectors: pl.Series) -> NDArray[np.float64]:
    """Vectors as rows, shape (n, d); those of another length than most make d differ, and 0 stands for what is NaN."""
    rows = [np.asarray(v, float) for v in vectors.to_list()]
    width = max(len(r) for r in rows)
    return np.asarray(np.nan_to_num(np.stack([np.pad(r, (0, width - len(r))) for r in rows])))


def _domain_scores(parts: Sequence[Any]) -> tuple[Numbers, Numbers]:
    """How much like the current window each compared row looks, to a classifier taught on other rows."""
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression

    taught, sizes = parts[:2], [p.shape[0] for p in parts[:2]]
    stacked = sparse.vstack(taught) if sparse.issparse(taught[0]) else np.vstack(taught)
    model = LogisticRegression(class_weight="balanced", max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a classifier that has not converged tells less, and nothing wrong
        model.fit(stacked, np.repeat([0, 1], sizes))
    scores = [np.asarray(model.decision_function(p), float) for p in parts[2:]]
    return scores[0], scores[1]
