"""Opens the router over both versions: one that runs already, or one that is started for the check."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_mlready.errors import Inconclusive
from pytest_mlready.serving.endpoint import Elsewhere, Endpoint
from pytest_mlready.serving.owner import Keeper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_mlready.serving.plan import Plan


@contextlib.contextmanager
def opened(plan: Plan, *, url: str | None, start: str | None, progress: Callable[[str], None]) -> Iterator[Endpoint]:
    """The router as an endpoint; what was started is ended when the context is left.

    Args:
        plan: Of the service: credentials, the good request, environment. What the good answer must hold is left out:
            it differs from version to version.
        url: Address of a router that runs already; it goes before `start`.
        start: Command with {port}.
        progress: Shows what is going on.

    Raises:
        Inconclusive: The settings do not allow requests to that host.
        ServiceError: It cannot be started, or does not become ready.
    """
    there = replace(plan, url=url, start=None if url else start, expect=None, side=())
    if url is not None and (refused := there.refusal(url, changes_state=False)):
        raise Inconclusive(refused)
    with contextlib.ExitStack() as stack:
        keeper = None if url is not None else Keeper(there, progress)
        if keeper is not None:
            stack.callback(keeper.close)
        endpoint = Endpoint(there, keeper or Elsewhere(there))
        stack.callback(endpoint.close)
        yield endpoint
