"""Keeps all built-in checks on one xdist worker, so that the model loads once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.collection import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

ENOUGH = 2  # tests that a worker must know of to begin with the first


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Every worker can ask this process for the one service of the run."""
    from pytest_mlready import project, service

    node.workerinput[service.SHARED] = service.share(project.of(node.config), node.config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A scheduler of ours, unless the caller chose one."""
    from shlex import split

    environment = split(os.environ.get("PYTEST_ADDOPTS", ""))
    configured = config.getini("addopts")
    if _chosen([*config.invocation_params.args, *environment, *configured]):
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return ROOT if nodeid.startswith(f"{ROOT}::") else nodeid

        def remove_node(self, node: Any) -> str | None:
            """The test that brought its worker down is not handed to the next one: it would bring that down too.

            xdist's own loadscope does so (seen with 3.8), until no worker is left and the run hangs.
            """
            units = self.assigned_work.get(node, {}).values()
            crashed = next(((unit, i) for unit in units for i, done in unit.items() if not done), None)
            if crashed is not None:
                unit, test_id = crashed
                unit[test_id] = True
            work = self.assigned_work.get(node, {})
            for scope in [scope for scope, unit in work.items() if all(unit.values())]:
                del work[scope]  # handed on, it would be nothing to do: a worker that waits for it waits for ever
            super().remove_node(node)
            return crashed and crashed[1]

        def _reschedule(self, node: Any) -> None:
            """A worker starts a test once it knows the next one: a single one, handed to a new worker, would wait."""
            if node not in self.registered_collections:
                return  # a new worker that still collects
            super()._reschedule(node)
            while self.workqueue and not node.shutting_down and self._pending_of(self.assigned_work[node]) < ENOUGH:
                self._assign_work_unit(node)

    return Together(config, log)


def _chosen(words: Iterable[Any]) -> bool:
    return any(str(word).startswith("--dist") or str(word) == "-d" for word in words)
