"""Lets a team's own detector answer as the built-in one does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready.drift import windows
from pytest_mlready.drift.findings import Detection, Finding
from pytest_mlready.errors import DataError, near

if TYPE_CHECKING:
    from pytest_mlready.drift.windows import Windows

EXPECTED = "names of the columns that drifted (a list, tuple or set of text), or a table {column: whether it drifted}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """Calls `function(reference, current)`, both polars frames with the same columns.

    It returns the names of the columns that drifted, or a mapping of column to whether it did. Names, types and missing
    columns are compared by us before: it is given what both windows have. Nothing else is added, so that its false
    alarms and its power are its own.

    Attributes:
        function: The team's.
        name: "module:function".
    """

    function: Callable[[Any, Any], Any]
    name: str

    def __call__(self, compared: Windows) -> Detection:
        """Raises DataError when the function raises, or answers with something else."""
        _, findings = windows.paired(compared)
        wrong = [f for f in findings if f.state == "alarm"]
        shared = [c for c in compared.reference.columns if c not in {f.column for f in wrong}]
        try:
            given = self.function(compared.reference.select(shared), compared.current.select(shared))
        except (Exception, SystemExit) as reason:
            line = " ".join(str(reason).split())[:300]
            raise DataError(f"the detector {self.name} raised {type(reason).__name__}: {line}") from reason
        drifted = self._names(given, shared)
        told = f"{self.name} says that it drifted"
        rows = compared.current.height
        found = [
            Finding(column=c, part="values", n=rows, method=self.name,
                    state="alarm" if c in drifted else "quiet", told=told if c in drifted else "")
            for c in shared
        ]  # fmt: skip
        return Detection(findings=(*wrong, *found))

    def _names(self, given: Any, known: list[str]) -> set[str]:
        if isinstance(given, Mapping):
            given = [name for name, drifted in given.items() if drifted]
        if isinstance(given, str | bytes) or not isinstance(given, Iterable):
            raise DataError(f"the detector {self.name} returned a {type(given).__name__}", expected=EXPECTED)
        names = list(given)
        for name in names:
            if name not in known:
                hint = near(str(name), known)
                raise DataError(f"the detector {self.name} named {name!r}, which is no column{hint}", expected=EXPECTED)
        return set(names)
