"""Notes what a test measured, for the test now running; turns it into one JSON text and back."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from pytest_mlready.errors import Failed, Inconclusive, NotApplicable, Unverified

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_mlready.values import Measurement, Verdict

Grade = Literal["live", "replayed", "static", "attested"]
GRADES: tuple[Grade, ...] = ("attested", "static", "replayed", "live")  # weakest first


@dataclass(slots=True, kw_only=True)
class Notes:
    """What one test has noted so far."""

    evidence: list[dict[str, Any]] = field(default_factory=list)  # measurements, in order
    plots: list[dict[str, Any]] = field(default_factory=list)  # data of pictures, drawn by the reports
    attachments: list[str] = field(default_factory=list)  # paths of files to keep with the report
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
        entry = {
            "name": name, "value": value, "min": min, "max": max, "unit": unit, "n": n, "interval": interval, "note": note,
        }  # fmt: skip
        self.notes.evidence.append({k: plain(v) for k, v in entry.items() if k in ("name", "value") or v not in (None, "")})

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
            raise Unverified("there was nothing to judge")
        failed = [v.message for v in verdicts if v.outcome == "failed"]
        undecided = [v.message for v in verdicts if v.outcome == "inconclusive"]
        if failed:
            raise Failed("\n".join(failed + undecided))
        if undecided:
            raise Inconclusive("\n".join(undecided))

    def plot(self, kind: str, *, title: str, data: dict[str, Any]) -> None:
        """Notes the data of a picture ("intervals", "bars", "curve", "histogram"), which the reports draw."""
        self.notes.plots.append({"kind": kind, "title": title, "data": plain(data)})

    def attach(self, path: Path | str) -> None:
        """Notes a file to keep with the report."""
        self.notes.attachments.append(str(path))

    def grade(self, grade: Grade) -> None:
        """States how strong this test's evidence is, where the fixtures it asks for do not tell."""
        self.notes.grade = grade

    def inconclusive(self, reason: str) -> NoReturn:
        """Ends the test: configured or found, but this run could not tell."""
        raise Inconclusive(reason)

    def unverified(self, reason: str, *, fix: str = "") -> NoReturn:
        """Ends the test: nothing configured and nothing found; `fix` is the line that would change it."""
        raise Unverified(reason, fix=fix)

    def not_applicable(self, reason: str) -> NoReturn:
        """Ends the test: this part does not exist in this system."""
        raise NotApplicable(reason)


def plain(value: Any) -> Any:
    """The value as JSON can carry it: NumPy scalars and arrays unwrapped, non-finite numbers as words, the rest as text."""
    if value is None or type(value) in (bool, int, str):
        return value
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    if isinstance(value, int):
        return int(value)
    return str(value)


def to_text(value: Any) -> str:
    """One JSON text, the only form in which anything leaves a worker."""
    return json.dumps(plain(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
