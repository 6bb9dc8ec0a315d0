"""Holds what was asked of a service with credentials that it must refuse, and what became of each call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_mlready.serving.access.answers import Outcome
    from pytest_mlready.serving.access.credentials import Credential
    from pytest_mlready.serving.access.routes import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is asked.

    Attributes:
        operations: Operations of the OpenAPI document.
        seconds: For all calls together.
        answer: Seconds that one answer may take.
    """

    operations: int = 60
    seconds: float = 30.0
    answer: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, and what became of it.

    Attributes:
        outcome: "refused" by 401 or 403; "refused otherwise", where the good credential is answered and this one is
            not; "not there"; "nobody" listens; "answered"; "broke"; "unclear".
        status: Of the answer; None for none.
        why: What was seen, as the end of a sentence; secrets masked.
        curl: The call as a line for a shell; secrets masked.
    """

    route: Route
    credential: Credential
    outcome: Outcome
    status: int | None
    why: str
    curl: str


@dataclass(slots=True, kw_only=True)
class Survey:
    """All that was asked.

    Attributes:
        calls: In the order in which they were made.
        opened: Routes that may be open, and to which kinds.
        left_out: (route, why) of those not asked.
        locked: Why the good credential did not work any more afterwards; "" when it did.
        idle: Entries of the allow-list that match nothing.
        good: Whether a good credential was at hand, and worked.
        documented: Whether there is an OpenAPI document that names the operations.
    """

    calls: list[Call] = field(default_factory=list)
    opened: dict[str, list[str]] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    locked: str = ""
    idle: list[str] = field(default_factory=list)
    good: bool = False
    documented: bool = False
