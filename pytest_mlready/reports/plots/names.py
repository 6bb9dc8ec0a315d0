"""Places the names of rows: beside a picture where they are short, above each row where they are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.reports.plots import canvas

if TYPE_CHECKING:
    from collections.abc import Iterable

    from markupsafe import Markup

BESIDE = 147.0  # units for names at the left
ROW = 20.0
ABOVE = canvas.LINE + 3  # units for a name above its row


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Where the names of rows stand, and so where rows and pictures begin."""

    above: bool

    @property
    def row(self) -> float:
        """Units from one row to the next."""
        return ROW + ABOVE if self.above else ROW

    @property
    def left(self) -> float:
        """Where the picture begins."""
        return 6.0 if self.above else BESIDE + 8

    def picture(self, top: float) -> float:
        """The upper end of a row's picture, which is `ROW` high."""
        return top + ABOVE if self.above else top

    def written(self, name: str, top: float) -> Markup:
        if self.above:
            return canvas.text(0, top + canvas.LINE - 1, canvas.fitted(name, canvas.WIDTH - 10))
        return canvas.text(BESIDE, top + ROW / 2 + 5, canvas.fitted(name, BESIDE), anchor="end")


def placed(names: Iterable[str]) -> Names:
    return Names(above=any(canvas.width(name) > BESIDE for name in names))
