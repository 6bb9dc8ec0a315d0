"""Who may import whom, held against the source: every line should know its room."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "pytest_mlready"
MODULES = sorted(PACKAGE.rglob("*.py"))
DOMAINS = ("quality", "drift", "serving", "artifacts", "manifests", "documents", "features", "history")
SHARED = ("errors", "values", "hosts", "bounds", "people")  # what every domain package may know
PURE = (
    "tally",
    "scores",
    "gate",
    "ratchet",
    "attestations",
    "catalog",
    "cheapest",
    "expiry",
    "yardstick",
    "loosening",
    "comparison",
    "next_steps",
    "paste",
    "step_bundles",
    "step_candidates",
    "step_gains",
    "init",
    "values",
    "errors",
    "hosts",
    "bounds",
    "people",
    "tables",
    *DOMAINS,
    "team",
    "reports",
)
LIGHT = ("__init__", "plugin", "hooks", "fixtures", "checks")  # loaded by every ordinary test run, or by `explain`


def place(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(module: Path, *, everywhere: bool = True):
    """Names that a module imports at run time; type-checking blocks do not count."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree) if everywhere else tree.body:
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(name: str) -> str | None:
    """The room of a name within the package: "quality" for pytest_mlready.quality.metrics."""
    parts = name.split(".")
    return parts[1] if parts[0] == "pytest_mlready" and len(parts) > 1 else None


def named(modules):
    return pytest.mark.parametrize("module", modules, ids=[str(m.relative_to(PACKAGE)) for m in modules])


@named([m for m in MODULES if place(m) in PURE])
def test_what_is_pure_never_imports_pytest(module):
    assert not [n for n in imports(module) if n.split(".")[0] in ("pytest", "_pytest", "xdist")]


@named([m for m in MODULES if place(m) in DOMAINS])
def test_domain_packages_know_neither_checks_nor_settings_nor_each_other(module):
    foreign = {ours(n) for n in imports(module)} - {None, place(module), *SHARED}
    # A name imported straight from the package root (`from pytest_mlready import errors`) shows as its own room.
    assert not foreign


@named([m for m in MODULES if place(m) in LIGHT])
def test_what_every_run_loads_imports_only_pytest_and_the_standard_library(module):
    import sys

    allowed = {*sys.stdlib_module_names, "pytest", "pytest_mlready"}
    assert not {n.split(".")[0] for n in imports(module, everywhere=False)} - allowed


@named([m for m in MODULES if place(m) == "checks"])
def test_checks_import_domain_packages_inside_functions(module):
    assert not {ours(n) for n in imports(module, everywhere=False)} - {None, "catalog", "checks"}


@named(
    [m for m in MODULES if place(m) in ("tally", "gate", "attestations", "catalog", "cheapest", "settings", "evidence")]
)
def test_nothing_later_in_the_flow_is_reached_back_to(module):
    flow = ["settings", "catalog", "collection", "checks", "evidence", "outcomes", "tally", "gate", "reports"]
    later = {
        "settings": set(flow[2:]),
        "catalog": set(flow[4:]) | {"settings", "collection"},
        "attestations": {"tally", "gate", "reports"},
        "evidence": set(flow[6:]),
        "tally": {"gate", "reports"},
        "cheapest": {"gate", "reports"},
        "gate": {"reports"},
    }[place(module)]
    assert not {ours(n) for n in imports(module)} & later


PROGRAM = PACKAGE / "serving" / "load" / "locust_driver.py"  # only ever executed, as a process of its own


def test_locust_is_never_imported_into_this_process():
    patching = [m for m in MODULES if any(n.split(".")[0] in ("locust", "gevent") for n in imports(m))]
    assert patching == [PROGRAM]
    assert not [m for m in MODULES if any("locust_driver" in n for n in imports(m))]


def test_the_plugin_and_the_catalogue_have_the_same_categories():
    from pytest_mlready import catalog, plugin

    assert tuple(catalog.CATEGORIES) == plugin.CATEGORIES


def test_no_module_of_ours_uses_eval_exec_or_an_unsafe_yaml_loader():
    bad = []
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                unsafe_yaml = name == "yaml.load" and "Safe" not in ast.unparse(node)
                if name in ("eval", "exec", "yaml.unsafe_load", "yaml.full_load") or unsafe_yaml:
                    bad.append(f"{module.name}:{node.lineno} {name}")
    assert not bad


def test_git_ignores_nothing_of_the_package_since_a_wheel_leaves_out_what_git_ignores():
    import subprocess

    command = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    done = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("no git checkout")
    assert done.stdout == ""


def test_no_two_test_modules_have_the_same_name():
    """They are imported by their names alone: the second of two would not be found, or be taken for the first."""
    modules = [path for path in Path(__file__).parent.rglob("*.py") if path.name != "conftest.py"]
    names = Counter(path.name for path in modules)
    assert not [name for name, count in names.items() if count > 1]
