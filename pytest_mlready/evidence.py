"""Notes what a test measured, for the test now running; turns it into one JSON text and back."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from pytest_mlready.errors import Ending, Failed, Inconclusive, NotApplicable, Unverified

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_mlready.values import Measurement, Verdict

Grade = Literal["live", "replayed", "static", "attested"]
GRADES: tuple[Grade, ...] = ("attested", "static", "replayed", "live")  # weakest first
DEEPEST = 20  # levels of lists and tables that travel; what lies deeper, or holds itself, goes as text
LONGEST = 1024  # bits of an integer that is written in digits: more than any float has


@dataclass(slots=True, kw_only=True)
class Notes:
    """What one test has noted so far."""

    evidence: list[dict[str, Any]] = field(default_factory=list)  # measurements, in order
    plots: list[dict[str, Any]] = field(default_factory=list)  # data of pictures, drawn by the reports
    attachments: list[str] = field(default_factory=list)  # paths of files to keep with the report
    ending: Ending | None = None  # raised by the test; unittest.TestCase passes on its text alone
    grade: Grade | None = None  # set by the test; otherwise it follows from the fixtures that the test asked for


class Evidence:
    """Writes to the test that is running now: one object for the session, so it also works under `@given`."""

    def __init__(self) -> None:
        self.notes = Notes()  # replaced by the plugin when a test begins

    def record(  # noqa: PLR0913 - the public signature of DESIGN.md
        self,
        name: str,
        value: Any,
        *,
        min: float | None = None,  # noqa: A002
        max: float | None = None,  # noqa: A002
        unit: str = "",
        n: int | None = None,
        interval: tuple[float | None, float | None] | None = None,
        note: str = "",
    ) -> None:
        """Notes one measurement; judges nothing.

        Args:
            name: What was measured, in the reader's words.
            value: The number, or a short text.
            min: Lower limit that the value is held against.
            max: Upper limit.
            unit: Unit of value, limits and interval.
            n: Sample size behind the value.
            interval: (lower, upper) confidence bounds; None for an open side.
            note: One short remark, such as the method of the interval.
        """
        limits = {side: None if limit is None else float(limit) for side, limit in (("min", min), ("max", max))}
        size = None if n is None else int(n)
        lower, upper = interval or (None, None)
        entry = {
            "name": str(name), "value": value, **limits, "unit": str(unit), "n": size,
            "interval": interval and (lower, upper), "note": str(note),
        }  # fmt: skip
        self.notes.evidence.append(
            {k: plain(v) for k, v in entry.items() if k in ("name", "value") or v not in (None, "")}
        )

    def measure(self, measurements: Iterable[Measurement]) -> None:
        """Notes measurements as the domain packages return them."""
        for m in measurements:
            self.record(**asdict(m))

    def conclude(self, verdicts: Iterable[Verdict]) -> None:
        """Notes all measurements, then ends the test as the worst verdict says: failed > inconclusive > passed.

        Raises:
            Failed: at least one verdict is failed; the message lists all of those, then the inconclusive ones.
            Inconclusive: none failed, at least one could not tell.
            Unverified: there is no verdict at all.
        """
        verdicts = list(verdicts)
        for verdict in verdicts:
            self.measure(verdict.measurements)
        if not verdicts:
            self._end(Unverified("there was nothing to judge"))
        failed = [v.message for v in verdicts if v.outcome == "failed"]
        undecided = [v.message for v in verdicts if v.outcome == "inconclusive"]
        if failed:
            raise Failed("\n".join(failed + undecided))
        if undecided:
            self._end(Inconclusive("\n".join(undecided)))

    def plot(self, kind: str, *, title: str, data: dict[str, Any]) -> None:
        """Notes the data of a picture, which the reports draw: aggregates, never rows of data.

        Args:
            kind: One of those below; any other becomes a list of its data.
            title: Stands above the picture.
            data: Lists and numbers by name; what is missing is left out of the picture.

                * "intervals": `rows`, each with `name`, `value`, `lower`, `upper`, and the limits `min` and `max`.
                * "bars": `labels`, `values`, `unit`; `limits` (name -> number) for all bars, `each` (name -> one number
                  a bar) where every bar has its own.
                * "curve": `x`, and `y` with `lower` and `upper`, or `series` (name -> y); `x_unit`, `unit`, `x_label`,
                  `y_label`, `limits` across, `marks` upwards, `diagonal`.
                * "histogram": `values`, `unit`, `limits`, `marks` (percentiles; p50, p95 and p99 when left out).
                * "table": `columns`, `rows`.
        """
        self.notes.plots.append({"kind": str(kind), "title": str(title), "data": plain(dict(data))})

    def attach(self, path: Path | str) -> None:
        """Notes a file to keep with the report."""
        self.notes.attachments.append(str(path))

    def grade(self, grade: Grade) -> None:
        """States how strong this test's evidence is, where the fixtures it asks for do not tell."""
        if grade not in GRADES:
            raise ValueError(f"{grade!r} is no grade of evidence; expected one of {', '.join(GRADES)}")
        self.notes.grade = grade

    def inconclusive(self, reason: str) -> NoReturn:
        """Ends the test: configured or found, but this run could not tell."""
        self._end(Inconclusive(reason))

    def unverified(self, reason: str, *, fix: str = "") -> NoReturn:
        """Ends the test: nothing configured and nothing found; `fix` is the line that would change it."""
        self._end(Unverified(reason, fix=fix))

    def not_applicable(self, reason: str) -> NoReturn:
        """Ends the test: this part does not exist in this system."""
        self._end(NotApplicable(reason))

    def _end(self, ending: Ending) -> NoReturn:
        self.notes.ending = ending
        raise ending


def plain(value: Any, *, depth: int = 0) -> Any:
    """The value as JSON can carry it: NumPy unwrapped, non-finite numbers as words, unknown types as text."""
    if value is None or type(value) in (bool, str):
        return value
    if isinstance(value, (int, float)):
        return _number(value)
    if hasattr(value, "tolist") and depth <= DEEPEST:
        return plain(value.tolist(), depth=depth + 1)
    return _container(value, depth) if depth <= DEEPEST else str(value)


def _container(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        return {str(k): plain(v, depth=depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v, depth=depth + 1) for v in value]
    return str(value)


def _number(value: float) -> Any:
    if isinstance(value, int):
        return int(value) if value.bit_length() <= LONGEST else f"an integer of {value.bit_length()} bits"
    return float(value) if math.isfinite(value) else str(float(value))


def to_text(value: Any) -> str:
    """One JSON text, the only form in which anything leaves a worker."""
    return json.dumps(plain(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
