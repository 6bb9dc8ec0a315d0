"""Holds what a rollout's configuration says, whatever tool it is written for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_mlready.manifests.documents import Document
    from pytest_mlready.values import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """How one workload's new version gets its traffic.

    Attributes:
        tool: "Argo Rollouts", "Flagger", "KServe", "Istio", "Gateway API", "flagd", …
        where: File, line and object, for the beginning of a sentence.
        names: What it may be asked for by: its own name, that of its workload, those of its backends.
        steps: Shares of the new version below one, in the order in which they are held for a while. Of a tool that
            keeps the present share alone: that one, and `known` is false.
        known: Whether the configuration says which steps there are.
        analysis: What watches and can abort; "" where the tool has a place for it and nothing stands there, None where
            it has none.
        faults: What makes the steps untrue: no router, a mode that ignores them, an analysis that cannot abort.
        doubts: What could not be told, as verdicts.
        notes: For the record.
    """

    tool: str
    where: str
    names: frozenset[str]
    steps: tuple[float, ...]
    known: bool = True
    analysis: str | None = None
    faults: tuple[str, ...] = ()
    doubts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The other documents, in which what a rollout refers to is looked for."""

    documents: tuple[Document, ...]

    def find(self, kinds: tuple[str, ...], name: str) -> Document | None:
        """The document of one of these kinds with this name."""
        return next((d for d in self.documents if d.kind in kinds and d.name == name), None)

    def names(self, kinds: tuple[str, ...]) -> list[str]:
        return [d.name for d in self.documents if d.kind in kinds]


def share(value: object) -> float | None:
    """A percentage as a share, 0 to 1; None for what is none."""
    text = value.strip().removesuffix("%").strip() if isinstance(value, str) else value
    try:
        number = float(text) / 100 if not isinstance(text, bool) else -1.0  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if 0 <= number <= 1 else None


def percent(number: float) -> str:
    """A share as people write it: "5 %", "33.3 %"."""
    return f"{number * 100:.3g} %"
