"""Proposes what may not be applicable, from what a project does not have; a person decides, and says why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.discovery import Discovered
    from pytest_mlready.init.seen import Seen

ANSWERS = (  # what a system that answers no requests does not have
    "infrastructure.load_test",
    "infrastructure.cold_start",
    "security.authentication",
    "security.input_validation",
    "documentation.api_docs",
    "monitoring.latency_percentiles",
)
RUNS_IN_A_CLUSTER = ("infrastructure.autoscaling", "security.network_policy", "rollback.gradual_rollout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An item that may not apply.

    Attributes:
        item: Its id.
        reason: What a person would have to be able to say; true only where they can.
        because: What was not found.
    """

    item: str
    reason: str
    because: str


def proposals(discovered: Discovered, seen: Seen) -> Iterator[Proposal]:
    """Proposals for a project; that nothing was found is no proof, and none of them is a setting yet."""
    deployed = discovered.manifests or discovered.compose
    if not (seen.services or discovered.dockerfiles or deployed or discovered.openapi):
        because = "no service, image or manifest was found"
        yield from (Proposal(item=i, reason="a batch job: nothing answers requests", because=because) for i in ANSWERS)
    if not deployed:
        because = "no manifest was found"
        reason = "one machine with a fixed load, no cluster"
        yield from (Proposal(item=i, reason=reason, because=because) for i in RUNS_IN_A_CLUSTER)
