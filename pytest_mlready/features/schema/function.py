"""Asks a team's own function about a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError
from pytest_mlready.features.schema.expectations import Breach, Checked, Unread, one_line, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import polars as pl

    from pytest_mlready.features.schema.expectations import Given

EXPECTED = "a function of (frame) that raises or returns a list of violations; an empty one, or the frame, means none"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSchema:
    """A team's own function.

    Attributes:
        source: "module:function".
        function: Takes a frame; raises, or returns a list of violations.
        given: Makes the table that it takes.
        form: For messages.
    """

    source: str
    function: Callable[[Any], Any]
    given: Given
    form: str = "a function"
    unread: tuple[Unread, ...] = ()
    known: tuple[str, ...] = ()

    def about(self, columns: Iterable[str]) -> None:
        """Code does not say what it looks at: what it rejects does."""
        del columns

    def names(self, column: str) -> bool:
        """Always: a function may ask for any column, and is given what its team's own code would have."""
        return bool(column)

    def check(self, frame: pl.DataFrame) -> Checked:
        """Calls the function. A violation that it tells of refuses the batch as a whole.

        Raises:
            DataError: it returned neither a list nor a frame.
        """
        table = self.given(frame)
        try:
            answer = self.function(table)
        except (Exception, SystemExit) as reason:  # noqa: BLE001 - raising is how it objects
            told = [f"raised {type(reason).__name__}: {one_line(reason)}"]
        else:
            told = self._violations(answer, frame.height)
        return refused(frame.height, [Breach(column="", states=text, rows=None) for text in told])

    def _violations(self, answer: Any, rows: int) -> list[str]:
        if answer is None:
            return []
        if isinstance(answer, list | tuple | set):
            return [one_line(violation) for violation in answer]
        if hasattr(answer, "columns") and hasattr(answer, "__len__"):
            lost = rows - len(answer)
            return [f"the frame came back with {abs(lost)} rows {'fewer' if lost > 0 else 'more'}"] if lost else []
        raise DataError(f"{self.source} returned a {type(answer).__name__}", expected=EXPECTED)
