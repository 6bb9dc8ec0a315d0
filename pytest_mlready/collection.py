"""Adds the built-in checks to the session as one more collector, ids mlready::<category>::<item>::<test>."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready import fixtures
from pytest_mlready.errors import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import ModuleType

    from pytest_mlready.catalog import Catalog

ROOT = "mlready"


class Checks(pytest.Collector):
    """The built-in checks: one collector a category, one module an item."""

    wanted: Mapping[str, ModuleType]

    @classmethod
    def beside(cls, session: pytest.Session, wanted: Mapping[str, ModuleType]) -> Checks:
        node: Checks = cls.from_parent(session, name=ROOT, nodeid=ROOT)
        node.wanted = wanted
        return node

    def collect(self) -> Iterable[pytest.Collector]:
        for category in dict.fromkeys(item_id.partition(".")[0] for item_id in self.wanted):
            node: Category = Category.from_parent(self, name=category)
            node.wanted = {i: m for i, m in self.wanted.items() if i.startswith(f"{category}.")}
            yield node


class Category(pytest.Collector):
    """The items of one category that have tests."""

    wanted: Mapping[str, ModuleType]

    def collect(self) -> Iterable[pytest.Collector]:
        for item_id, module in self.wanted.items():
            name = item_id.partition(".")[2]
            path = Path(str(module.__file__))
            node: CheckModule = CheckModule.from_parent(self, path=path, name=name, nodeid=f"{self.nodeid}::{name}")
            node.obj = module
            # A project's own filterwarnings = error must not turn a third party's deprecation into a verdict.
            node.add_marker(pytest.mark.filterwarnings("ignore"))
            yield node


class CheckModule(pytest.Module):
    """One item's tests; found by our own naming, whatever python_functions the project has set."""

    def funcnamefilter(self, name: str) -> bool:
        return name.startswith("test_")

    def classnamefilter(self, name: str) -> bool:  # noqa: ARG002 - pytest's signature
        return False


def tests_of(module: ModuleType) -> list[str]:
    """Names of the tests that a check module defines."""
    return [name for name, value in vars(module).items() if name.startswith("test_") and callable(value)]


def is_builtin(item: pytest.Item) -> bool:
    return item.nodeid.startswith(f"{ROOT}::")


def without_imported(items: list[pytest.Item]) -> list[pytest.Item]:
    """Drops those built-in checks that a team imported into a test file of its own: they run there, once."""
    theirs = {_origin(item) for item in items if not is_builtin(item)} - {None}
    return [item for item in items if not (is_builtin(item) and _origin(item) in theirs)]


def _origin(item: pytest.Item) -> tuple[str, str] | None:
    function = getattr(item, "function", None)
    module = getattr(function, "__module__", "") or ""
    return (module, function.__qualname__) if function and module.startswith("pytest_mlready.checks.") else None


def marked(item: pytest.Item, catalog: Catalog, categories: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """The items that a test counts for, and what is wrong with its marks."""
    known, wrong = [], []
    for mark in item.iter_markers():
        if mark.name not in categories:
            continue
        for argument in (*mark.args, *mark.kwargs.values()):
            item_id = f"{mark.name}.{argument}"
            if isinstance(argument, str) and item_id in catalog.items:
                known.append(item_id)
            else:
                wrong.append(_unknown(mark.name, argument, catalog))
    return tuple(dict.fromkeys(known)), wrong


def _unknown(category: str, argument: Any, catalog: Catalog) -> str:
    names = [i.name for i in catalog.items.values() if i.category == category]
    elsewhere = [i.id for i in catalog.items.values() if i.name == argument]
    hint = near(argument, names)
    if elsewhere:
        other = elsewhere[0].partition(".")[0]
        hint = f"; {argument!r} belongs to another category: did you mean pytest.mark.{other}({argument!r})?"
    return f"the mark pytest.mark.{category}({argument!r}) names no item of the catalogue{hint}"


def replaced_fixtures(item: pytest.Item) -> str:
    """What is wrong when a conftest.py redefines fixtures that built-in checks are judged by; "" if nothing.

    All of ours are looked at, not those in the test's signature alone: a check may ask for one while it runs.
    """
    manager = item.session._fixturemanager  # noqa: SLF001 - nothing public tells where a fixture comes from
    found = {name: manager.getfixturedefs(name, item) for name in vars(fixtures) if name.startswith("mlready")}
    theirs = [name for name, known in found.items() if known and known[-1].func.__module__ != fixtures.__name__]
    if not theirs:
        return ""
    return (
        f"the project redefines {', '.join(sorted(theirs))}, by which built-in checks are judged. "
        "Next step: hand over models and data by the hooks pytest_mlready_load_model and pytest_mlready_load_data"
    )


def handing_over(config: pytest.Config) -> list[str]:
    """Which hooks of the project hand over models and data in the place of files, as "load_data by conftest.py"."""
    found = []
    for name in ("load_model", "load_data"):
        for hook in getattr(config.hook, f"pytest_mlready_{name}").get_hookimpls():
            file = Path(getattr(hook.plugin, "__file__", None) or hook.plugin_name)
            shown = file.relative_to(config.rootpath) if file.is_relative_to(config.rootpath) else Path(file.name)
            found.append(f"{name} by {shown.as_posix()}")
    return found


def is_bare(item: pytest.Item, categories: Iterable[str]) -> bool:
    """A category's mark without an item: it selects with -m and counts for nothing."""
    return any(mark.name in categories and not (mark.args or mark.kwargs) for mark in item.iter_markers())


def mentions_marks(path: Path, categories: Iterable[str]) -> bool:
    """Whether a file, or one below a folder, seems to hold readiness tests; skipped whole, it cannot be asked."""
    mark = re.compile(rf"\bmark\.({'|'.join(categories)})\b")
    files = path.rglob("*.py") if path.is_dir() else (path,)
    return any(mark.search(file.read_text(encoding="utf-8", errors="replace")) for file in files if file.is_file())


def every(catalog: Catalog, skip: Iterable[str]) -> Iterator[tuple[str, ModuleType]]:
    """The check modules that have tests, but for the items to skip."""
    skipped = set(skip)
    for item_id, module in catalog.modules.items():
        if item_id not in skipped and tests_of(module):
            yield item_id, module
