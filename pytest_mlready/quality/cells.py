"""Counts rows and sums losses in every cell of one column and of two columns."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from pytest_mlready.quality.discretise import Binned

PACK = 128  # cells of one pack of columns: two packs then have 16,384 cells, which stay in the processor's cache
BLOCK = 1 << 17  # rows counted at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """m cells; all arrays have shape (m,).

    Attributes:
        first, second: Index of the columns; second is -1 for a cell of one column.
        code, code2: Bin in the first and in the second column.
        n: Rows.
        total: Sum of the loss.
        squares: Sum of the squared loss.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    code: NDArray[np.intp]
    code2: NDArray[np.intp]
    n: NDArray[np.intp]
    total: NDArray[np.float64]
    squares: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.n)


def count(
    columns: Sequence[Binned],
    loss: NDArray[np.float64],
    *,
    depth: int = 2,
    min_rows: int = 1,
    progress: Callable[[str], None] | None = None,
) -> Cells:
    """Counts every cell of one column and, with depth 2, of two columns.

    Columns are packed together while they have few bins, and each two packs are counted once: with 50 columns of ten
    bins one pass over the rows serves four pairs of columns. A loss of 0s and 1s rides along as one more bit.

    Memory beside the codes given: at most 2 bytes × packs (about columns / 2) × rows, and a few megabytes.

    Args:
        columns: Binned columns of n rows.
        loss: Shape (n,), finite.
        depth: 1 or 2.
        min_rows: Cells with fewer rows are left out.
        progress: Told how far the count is.
    """
    packs = [_Pack(columns, members) for members in _packed([len(c.labels) for c in columns])]
    binary = bool(np.isin(loss, (0.0, 1.0)).all())
    counter = _Counter(np.asarray(loss, np.uint16) if binary else loss, binary=binary)
    found: list[Cells] = []
    pairs = [(p, q) for p, q in combinations_with_replacement(packs, 2) if p is q or depth == 2]
    for done, (p, q) in enumerate(pairs):
        if progress and done % 20 == 0:
            progress(f"slices: {done} of {len(pairs)} groups of columns counted")
        found += _cells(p, q, counter.sums(p, q), depth=depth, min_rows=min_rows)
    return Cells(**{name: np.concatenate([getattr(c, name) for c in found]) for name in Cells.__slots__})


class _Pack:
    """Several columns as one: their combined code, and the shape that takes it apart again."""

    def __init__(self, columns: Sequence[Binned], members: Sequence[int]) -> None:
        self.members = members
        self.shape = tuple(len(columns[i].labels) for i in members)
        self.size = int(np.prod(self.shape))
        self.codes = columns[members[0]].codes.astype(np.uint16)
        for i in members[1:]:
            self.codes *= np.uint16(len(columns[i].labels))
            self.codes += columns[i].codes


def _packed(sizes: Sequence[int]) -> list[list[int]]:
    """Columns by pack: the largest first, each into the first pack that has room."""
    packs: list[list[int]] = []
    product: list[int] = []
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        place = next((k for k, size in enumerate(product) if size * sizes[i] <= PACK), len(packs))
        if place == len(packs):
            packs.append([])
            product.append(1)
        packs[place].append(i)
        product[place] *= sizes[i]
    return packs


class _Counter:
    """Sums n, loss and squared loss over the rows of two packs."""

    def __init__(self, loss: NDArray[np.uint16] | NDArray[np.float64], *, binary: bool) -> None:
        self.loss, self.binary = loss, binary
        self.squares = loss if binary else loss * loss
        self.buffer = np.empty(BLOCK, np.intp)

    def sums(self, p: _Pack, q: _Pack) -> NDArray[np.float64]:
        """Shape (3, p.size, q.size), or (3, p.size) for a pack with itself: n, loss, squared loss."""
        shape = (p.size,) if p is q else (p.size, q.size)
        cells = int(np.prod(shape))
        out = np.zeros((2, cells) if self.binary else (3, cells))
        for start in range(0, len(p.codes), BLOCK):
            rows = slice(start, start + BLOCK)
            out += self._block(p.codes[rows], None if p is q else (q.size, q.codes[rows]), rows, cells)
        if self.binary:  # out holds the rows without and with a loss
            out = np.stack([out[0] + out[1], out[1], out[1]])
        return out.reshape(3, *shape)

    def _block(
        self, left: NDArray[np.uint16], right: tuple[int, NDArray[np.uint16]] | None, rows: slice, cells: int
    ) -> NDArray[np.float64] | NDArray[np.intp]:
        index = self.buffer[: len(left)]
        np.copyto(index, left)
        if right is not None:
            np.multiply(index, right[0], out=index)
            np.add(index, right[1], out=index)
        if self.binary:
            np.add(index, self.loss[rows] * np.intp(cells), out=index)
            return np.bincount(index, minlength=2 * cells).reshape(2, cells)
        weights = (None, self.loss[rows], self.squares[rows])
        return np.stack([np.bincount(index, w, minlength=cells) for w in weights])


def _cells(p: _Pack, q: _Pack, sums: NDArray[np.float64], *, depth: int, min_rows: int) -> Iterator[Cells]:
    """Takes the sums over two packs apart into single columns and pairs."""
    members = p.members if p is q else [*p.members, *q.members]
    shape = p.shape if p is q else (*p.shape, *q.shape)
    sums = sums.reshape(3, *shape)
    half = len(p.members)
    for a in range(len(members)):
        if p is q:
            yield _kept(_margin(sums, (a,)), members[a], -1, min_rows)
        others = range(a + 1, len(members)) if p is q else range(half, len(members)) if a < half else ()
        for b in others if depth == 2 else ():
            yield _kept(_margin(sums, (a, b)), members[a], members[b], min_rows)


def _margin(sums: NDArray[np.float64], axes: tuple[int, ...]) -> NDArray[np.float64]:
    away = tuple(i + 1 for i in range(sums.ndim - 1) if i not in axes)
    margin: NDArray[np.float64] = sums.sum(axis=away).reshape(3, *(sums.shape[i + 1] for i in axes))
    return margin


def _kept(margin: NDArray[np.float64], first: int, second: int, min_rows: int) -> Cells:
    if margin.ndim == 2:
        margin = margin[:, :, None]
    code, code2 = np.nonzero(margin[0] >= max(1, min_rows))
    n, total, squares = margin[:, code, code2]
    return Cells(
        first=np.full(len(code), first), second=np.full(len(code), second), code=code, code2=code2,
        n=n.astype(np.intp), total=total, squares=squares,
    )  # fmt: skip
