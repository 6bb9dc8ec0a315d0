"""Reads which routes a team leaves open on purpose, and to whom."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.errors import ReadinessError
from pytest_mlready.serving.access.credentials import KINDS, SETTING
from pytest_mlready.serving.access.routes import Route, plain, probes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_mlready.serving.endpoint import Endpoint

ENTRY = re.compile(rf"(?:({'|'.join(KINDS)}): *)?([A-Z]+|\*) (\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """What may be open: the settings' list, and the service's own liveness and readiness.

    Attributes:
        probes: Their paths.
        entries: (kind, glob) of the settings; the kind is "" for all of them.
    """

    probes: tuple[str, ...]
    entries: tuple[tuple[str, str], ...]

    def to(self, route: Route, kind: str) -> bool:
        """Whether this route may answer callers of this kind."""
        own = route.origin in ("document", "unlisted", "settings") and route.request.method == "GET"
        return (own and plain(route.request.path) in self.probes) or any(
            only in ("", kind) and fnmatch.fnmatchcase(route.name, glob.replace("[", "[[]"))
            for only, glob in self.entries
        )

    def idle(self, routes: Sequence[Route]) -> list[str]:
        """Entries that match no route."""
        return [
            f"{kind}: {glob}" if kind else glob
            for kind, glob in self.entries
            if not any(Open(probes=(), entries=(("", glob),)).to(route, "") for route in routes)
        ]


def allow_list(endpoint: Endpoint, entries: Iterable[str]) -> Open:
    """Reads the option `open`: "GET /path", globs allowed; "wrong_scope: GET /path" opens it to that kind alone.

    Raises:
        ReadinessError: An entry is of another form, or opens the prediction itself.
    """
    read = []
    for entry in entries:
        matched = ENTRY.fullmatch(entry)
        if matched is None:
            raise ReadinessError(
                f'open under {SETTING} has "{entry}"',
                expected='a method and a path or a glob, such as "GET /metrics" or "wrong_scope: GET /models"',
            )
        read.append((matched[1] or "", f"{matched[2]} {matched[3]}"))
    allowed = Open(probes=tuple(probes(endpoint)), entries=tuple(read))
    asking = Route(name=str(endpoint.good), request=endpoint.good, origin="prediction")
    if any(allowed.to(asking, kind) for kind in KINDS):
        raise ReadinessError(
            f"open under {SETTING} opens {asking.name}, the prediction itself",
            expected="the routes beside it",
            fix='[tool.mlready.not_applicable] "security.authentication" = "why everybody may ask this model"',
        )
    return allowed
