"""Groups texts that are nearly the same: MinHash finds candidates, their shingles decide."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

SHINGLE = 5  # characters
PERMUTATIONS = 128
BANDS, ROWS = 25, 5  # two texts of Jaccard 0.8 share a band with probability 0.99995
BLOCK = 1 << 21  # characters hashed at a time: about 100 MB
FULL = 8  # texts in a bucket up to which each is held against each
SLACK = 0.15  # four standard errors of a Jaccard of 0.8 estimated from 128 permutations
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def near_duplicate_groups(
    texts: Sequence[str | None], *, jaccard: float = 0.8, progress: Callable[[str], None] | None = None
) -> NDArray[np.intp]:
    """Gives texts of a Jaccard similarity of at least `jaccard` the same group, and all they are linked to.

    Texts are compared by their sets of 5-character shingles, after Unicode's compatibility form (NFKC), folding of
    case and of white space. Candidates share one of 25 bands of 5 of 128 minima (locality-sensitive hashing); each
    is then checked on the shingles themselves, so no two are grouped that are not alike. In a bucket of more than 8
    texts each is held against the first and the one before it only.

    Args:
        texts: n texts; missing and blank ones are in no group.
        jaccard: From which similarity on two texts count as one, 0.5 to 1. 0.8 is common in papers on duplicates in
            training corpora.
        progress: Told how far the search is.

    Returns:
        Group of each text, shape (n,), from 0 on; -1 for a missing or blank one.

    Sources: Broder, "On the resemblance and containment of documents", 1997; Leskovec, Rajaraman and Ullman, "Mining
    of Massive Datasets", chapter 3; Lee et al., "Deduplicating Training Data Makes Language Models Better", ACL 2022.
    """
    if not 0.5 <= jaccard <= 1:
        raise ValueError(f"jaccard must lie between 0.5 and 1, not {jaccard}")
    folded = [_folded(t) for t in texts]
    used = np.array([i for i, t in enumerate(folded) if t], np.intp)
    groups = np.full(len(folded), -1, np.intp)
    if not len(used):
        return groups
    kept = [folded[i] for i in used]
    first, again = _same(kept)
    distinct = [kept[i] for i in first]
    signatures = np.concatenate(list(_signatures(distinct, progress)))
    groups[used] = _linked(_pairs(distinct, signatures, jaccard, progress), len(distinct))[again]
    return groups


def _folded(text: str | None) -> str:
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text or "").casefold()).strip()
    return plain.ljust(SHINGLE, "\0") if plain else ""


def _same(texts: Sequence[str]) -> tuple[list[int], NDArray[np.intp]]:
    """First place of each distinct text, and for every text which distinct one it is."""
    seen: dict[str, int] = {}
    again = np.array([seen.setdefault(t, len(seen)) for t in texts], np.intp)
    first = np.full(len(seen), -1, np.intp)
    first[again[::-1]] = np.arange(len(texts))[::-1]
    return first.tolist(), again


def _signatures(texts: Sequence[str], progress: Callable[[str], None] | None) -> Iterator[NDArray[np.uint32]]:
    """The 128 minima of every text, in blocks of shape (k, 128)."""
    start = 0
    while start < len(texts):
        stop, size = start, 0
        while stop < len(texts) and (stop == start or size + len(texts[stop]) <= BLOCK):
            size += len(texts[stop])
            stop += 1
        if progress:
            progress(f"near duplicates: {start:,} of {len(texts):,} texts hashed")
        yield _minima(texts[start:stop])
        start = stop


def _minima(texts: Sequence[str]) -> NDArray[np.uint32]:
    characters = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    lengths = np.array([len(t) for t in texts])
    ends = np.cumsum(lengths)
    rolling = characters[: len(characters) - SHINGLE + 1].copy()
    for k in range(1, SHINGLE):
        rolling *= np.uint64(0x100000001B3)
        rolling += characters[k : len(characters) - SHINGLE + 1 + k]
    crossing = (ends[:-1, None] - np.arange(1, SHINGLE)).ravel()  # shingles that run from one text into the next
    inside = np.ones(len(rolling), bool)
    inside[crossing] = False
    shingles = _mixed(rolling[inside]).astype(np.uint32)
    starts = np.concatenate([[0], np.cumsum(lengths - SHINGLE + 1)[:-1]])
    generator = np.random.default_rng(0)
    factors = generator.integers(0, 1 << 32, (PERMUTATIONS, 2), dtype=np.uint32) | np.uint32(1)
    out = np.empty((len(texts), PERMUTATIONS), np.uint32)
    permuted = np.empty_like(shingles)
    for p in range(PERMUTATIONS):
        np.multiply(shingles, factors[p, 0], out=permuted)
        np.bitwise_xor(permuted, permuted >> np.uint32(15), out=permuted)
        np.multiply(permuted, factors[p, 1], out=permuted)
        out[:, p] = np.minimum.reduceat(permuted, starts)
    return out


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spreads keys over all bits (the finaliser of splitmix64, Steele et al. 2014); wraps around by intent."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def _pairs(
    texts: Sequence[str], signatures: NDArray[np.uint32], jaccard: float, progress: Callable[[str], None] | None
) -> NDArray[np.intp]:
    """Pairs of texts that are alike, shape (k, 2)."""
    found: set[tuple[int, int]] = set()
    tried: set[tuple[int, int]] = set()
    for band in range(BANDS):
        if progress:
            progress(f"near duplicates: band {band + 1} of {BANDS}, {len(found):,} pairs so far")
        candidates = _candidates(signatures[:, band * ROWS : (band + 1) * ROWS])
        if not len(candidates):
            continue
        alike = (signatures[candidates[:, 0]] == signatures[candidates[:, 1]]).mean(axis=1)
        close = {(int(a), int(b)) for a, b in candidates[alike >= jaccard - SLACK]} - tried
        found |= {(a, b) for a, b in close if _similarity(texts[a], texts[b]) >= jaccard}
        tried |= close
    return np.array(sorted(found), np.intp).reshape(-1, 2)


def _candidates(band: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Pairs of texts with the same minima in one band, shape (k, 2)."""
    keys = np.zeros(len(band), np.uint64)
    for column in band.T:
        keys = _mixed(keys * _MULTIPLIER + column)
    order = np.argsort(keys, kind="stable")
    edges = np.flatnonzero(np.diff(keys[order])) + 1
    pairs: list[tuple[int, int]] = []
    for bucket in (order[a:b] for a, b in pairwise([0, *edges, len(order)]) if b - a > 1):
        members = bucket.tolist()
        if len(members) <= FULL:
            pairs += [(a, b) for i, a in enumerate(members) for b in members[i + 1 :]]
        else:
            pairs += [*pairwise(members), *((members[0], b) for b in members[2:])]
    return np.array(pairs, np.intp).reshape(-1, 2)


def _similarity(a: str, b: str) -> float:
    """Jaccard similarity of the sets of shingles."""
    left = {a[i : i + SHINGLE] for i in range(len(a) - SHINGLE + 1)}
    right = {b[i : i + SHINGLE] for i in range(len(b) - SHINGLE + 1)}
    return len(left & right) / len(left | right)


def _linked(pairs: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """Connected components of n texts."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    components: NDArray[np.intp] = connected_components(links, directed=False)[1].astype(np.intp)
    return components
