"""Wires pytest's hooks, in the order in which pytest calls them, to the modules that do the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

# The eight categories; the catalogue has the same in the same order (a test holds them together), but reading it
# would cost every ordinary test run the import of 62 modules.
CATEGORIES = (
    "model_quality",
    "data",
    "infrastructure",
    "security",
    "monitoring",
    "documentation",
    "compliance",
    "rollback",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mlready", "production readiness of an ML system (any of these implies --mlready)")
    add = group.addoption
    add("--mlready", action="store_true", help="run the built-in readiness checks too, and print both tallies")
    add("--mlready-only", action="store_true", help="run the readiness tests alone: built-in checks and marked tests")
    add(
        "--mlready-item",
        action="append",
        default=[],
        metavar="GLOB",
        help="run the readiness tests of these items alone, such as 'security.*' (repeatable; no score then)",
    )
    add("--mlready-config", metavar="PATH", help="settings file (default: the nearest with [tool.mlready], upward)")
    add(
        "--mlready-min-score",
        type=float,
        metavar="X",
        help="fail the run when the ML Test Score is below X; goes before [tool.mlready.gate]",
    )
    add(
        "--mlready-report",
        action="append",
        default=[],
        metavar="PATH",
        help="write a report (repeatable); its name ends in .html, .md, .json (source of the others), .sarif, "
        "badge.json, .codequality.json (GitLab), .intoto.json (statement) or .cdx.json (CycloneDX)",
    )
    add(
        "--mlready-sign-key",
        metavar="PEM",
        help="private key (Ed25519, ECDSA) that signs .intoto.json reports (default: $MLREADY_SIGNING_KEY_FILE)",
    )
    add("--mlready-compare", metavar="OLD.json", help="show what changed since this earlier JSON report")
    add("--mlready-at", metavar="DATE", help="judge attestations and waivers as of this date (2027-03-01)")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from pytest_mlready import hooks

    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    for category in CATEGORIES:
        config.addinivalue_line(
            "markers", f"{category}(item): the test verifies an item of the readiness category {category!r}"
        )
    from pytest_mlready import fixtures

    config.pluginmanager.register(fixtures, "mlready-fixtures")
    if asked_for(config):
        from pytest_mlready import session

        session.start(config)


def asked_for(config: pytest.Config) -> bool:
    """Whether --mlready was given, or an option that implies it."""
    option = config.option
    return bool(
        option.mlready
        or option.mlready_only
        or option.mlready_item
        or option.mlready_config
        or option.mlready_min_score is not None
        or option.mlready_report
        or option.mlready_sign_key
        or option.mlready_compare
        or option.mlready_at
    )
