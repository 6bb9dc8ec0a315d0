"""Defines what every detector answers with: one finding for each thing it looked at in a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from pytest_mlready.drift.windows import Windows

State = Literal["alarm", "warning", "refused", "quiet"]
CONVENTION_FAIL = (
    0.25  # Siddiqi 2006, Credit Risk Scorecards: conventions of practice, without an error rate of their own
)
CONVENTION_WARN = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """What counts as real, and what as relevant.

    Attributes:
        fail: Population stability index, less its noise, from which a real change alarms.
        warn: The same from which it is mentioned; a sample whose noise is larger cannot tell.
        fdr: Limit on the adjusted p-value over everything that is compared.
        bins: Bins of a column of numbers, by quantiles of the reference.
        confidence: Quantile of the index under no change that counts as noise.
    """

    fail: float = CONVENTION_FAIL
    warn: float = CONVENTION_WARN
    fdr: float = 0.05
    bins: int = 10
    confidence: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a detector says about one part of one column.

    Attributes:
        column: Name of the column.
        part: What was compared: "values", "missing share", "presence", "type", or a feature derived from a text.
        state: "alarm"; "warning": a change that is real and too small to alarm; "refused": the sample cannot tell;
            "quiet".
        told: What was seen, in words.
        value: The statistic that the state follows from (population stability index unless `method` says otherwise).
        limit: What `value` alarms at.
        noise: Its 95 % quantile under no change, at this size.
        q: p-value, adjusted for everything that was compared.
        n: Rows of the current window behind it.
        method: Name of statistic and test.
    """

    column: str
    part: str
    state: State
    told: str = ""
    value: float | None = None
    limit: float | None = None
    noise: float | None = None
    q: float | None = None
    n: int | None = None
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """All findings of one comparison.

    Attributes:
        findings: In the order of the columns.
        notes: What the reader must know beside them (rows sampled, dependence of rows).
        doubt: Why a comparison without an alarm does not count as a pass all the same; "" otherwise.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    doubt: str = ""

    def of(self, state: State) -> tuple[Finding, ...]:
        """Findings in one state, the largest statistic first; those without one (presence, type) go ahead."""
        chosen = [f for f in self.findings if f.state == state]
        return tuple(sorted(chosen, key=lambda f: -float("inf") if f.value is None else -f.value))

    @property
    def alarmed(self) -> frozenset[str]:
        """Names of the columns that alarm."""
        return frozenset(f.column for f in self.findings if f.state == "alarm")


class Detector(Protocol):
    """Whatever looks for drift."""

    @property
    def name(self) -> str: ...

    def __call__(self, compared: Windows) -> Detection: ...
