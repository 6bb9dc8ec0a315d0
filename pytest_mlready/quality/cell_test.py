"""Tests cells one-sided for a mean loss above that of all rows, with bounds that hold for all cells together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_mlready.quality.cells import Cells


class Trial:
    """The one-sided test of each cell against all rows, corrected for `cells` of them."""

    def __init__(self, loss: NDArray[np.float64], cells: int, confidence: float) -> None:
        self.mean, self.variance = float(loss.mean()), float(loss.var())
        self.binary = bool(np.isin(loss, (0.0, 1.0)).all())
        self.cells, self.alpha = cells, (1 - confidence) / max(1, cells)

    def order(self, cells: Cells) -> NDArray[np.intp]:
        """Cells by their approximate lower bound, the worst first (Wilson's for 0s and 1s)."""
        from scipy.stats import norm

        z, value = norm.isf(self.alpha), cells.total / cells.n
        if self.binary:
            spread = z * np.sqrt(value * (1 - value) / cells.n + (z / (2 * cells.n)) ** 2)
            bound = (value + z * z / (2 * cells.n) - spread) / (1 + z * z / cells.n)
        else:
            bound = value - z * self._error(cells.n, cells.total, cells.squares)
        return np.argsort(-bound, kind="stable")

    def of(self, cells: Cells, i: int) -> tuple[float, float]:
        """Probability (not yet corrected) and simultaneous lower bound of the mean loss of one cell."""
        n, total = int(cells.n[i]), float(cells.total[i])
        return self._exact(n, round(total)) if self.binary else self._student(n, total, float(cells.squares[i]))

    def _exact(self, n: int, wrong: int) -> tuple[float, float]:
        """Binomial tail against the overall rate, and Clopper and Pearson's lower bound."""
        from scipy.special import betainc, betaincinv

        if not wrong:
            return 1.0, 0.0
        return float(betainc(wrong, n - wrong + 1, self.mean)), float(betaincinv(wrong, n - wrong + 1, self.alpha))

    def _student(self, n: int, total: float, squares: float) -> tuple[float, float]:
        from scipy.special import stdtr, stdtrit

        error = float(self._error(np.array(n), np.array(total), np.array(squares)))
        if not error or n < 2:
            return 1.0, total / n
        p = stdtr(n - 1, (self.mean - total / n) / error)
        return float(p), float(total / n + stdtrit(n - 1, self.alpha) * error)

    def _error(self, n: NDArray[Any], total: NDArray[Any], squares: NDArray[Any]) -> NDArray[np.float64]:
        own = (squares - total * total / n) / np.maximum(n - 1, 1)
        error: NDArray[np.float64] = np.sqrt(np.maximum(own, self.variance) / n)
        return error
