"""Opens the project under test: settings, catalogue, digests and what can be found, each read when first asked."""

from __future__ import annotations

import datetime as dt
import functools
import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready import catalog, settings
from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_mlready.catalog import Catalog
    from pytest_mlready.discovery import Discovered
    from pytest_mlready.provenance import Digests
    from pytest_mlready.serving.plan import Plan
    from pytest_mlready.settings import Settings

PROJECT = pytest.StashKey["Project"]()


class Project:
    """What the `mlready` fixture hands to checks and to a team's tests.

    Attributes:
        settings: [tool.mlready], validated and frozen.
        settings_path: The file they came from; None when there is none.
        settings_sha256: Its digest.
        root: Folder that paths in the settings are relative to.
        catalog: All items and rubrics.
        today: The date that attestations and waivers are judged by.
    """

    def __init__(self, config: pytest.Config) -> None:
        start = common_directory(config)
        given = config.getoption("mlready_config", None)
        path = config.invocation_params.dir / given if given else settings.find(start)
        if given and path is not None and not path.is_file():
            raise ReadinessError(f"--mlready-config={given} is not there", expected="a pyproject.toml or mlready.toml")
        shipped = catalog.load()
        loaded = settings.load(path, items=shipped.items)
        self.settings: Settings = loaded.settings
        self.settings_path = path
        self.settings_sha256: str | None = loaded.sha256
        self.root: Path = path.parent if path else start
        self.catalog: Catalog = shipped.with_rubrics(self.root / file for file in self.settings.rubrics)
        self.today = _date(config.getoption("mlready_at", None))
        self._config = config

    @property
    def confidence(self) -> float:
        """Confidence of one-sided bounds, 0 to 1."""
        return self.settings.confidence

    @functools.cached_property
    def digests(self) -> Digests:
        """Sha256 of the model and the data files."""
        from pytest_mlready import provenance

        return provenance.digests(self.settings, self.root)

    @functools.cached_property
    def discovered(self) -> Discovered:
        """Models, data, documents and manifests that lie in the project, whether the settings name them or not."""
        from pytest_mlready import discovery

        return discovery.discover(self.root)

    @functools.cached_property
    def plan(self) -> Plan:
        """What the settings say about the service: how it is started, where it is, what a good request is.

        Raises:
            Unverified: No service is configured.
        """
        from pytest_mlready import service

        return service.plan(self, self._config)

    @property
    def alone(self) -> str:
        """Why a time that is measured now means nothing, or "": whether other tests run beside this one."""
        workers = getattr(self._config, "workerinput", {}).get("workercount", 1)
        return f"{workers} xdist workers run tests side by side" if workers > 1 else ""

    def options(self, item_id: str) -> dict[str, Any]:
        """The settings of one item, defaults filled in, units converted (seconds, bytes)."""
        return self.settings.options(self.catalog.items[item_id])

    def path(self, text: str) -> Path:
        """A path of the settings, made absolute."""
        return (self.root / text).resolve()

    def file(self, text: str, what: str) -> Path:
        """A file or folder that the settings name.

        Raises:
            ReadinessError: It is not there; names the nearest one in that folder.
        """
        from pytest_mlready.artifacts import named

        return named.file(text, self.root, error=ReadinessError, what=what)

    def files(self, patterns: Iterable[str], what: str) -> tuple[Path, ...]:
        """What paths and globs of the settings name, each once.

        Raises:
            ReadinessError: A path is not there, or a glob matches nothing.
        """
        found: dict[Path, None] = {}
        for pattern in patterns:
            matches = sorted(self.root.glob(pattern)) if glob.has_magic(pattern) else [self.file(pattern, what)]
            if not matches:
                raise ReadinessError(
                    f"{what} {pattern} matches no file below {self.root.name}/", fix="correct the glob"
                )
            found |= dict.fromkeys(match.resolve() for match in matches)
        return tuple(found)

    def shipped(self) -> tuple[Path, ...]:
        """Files that ship beside the model: those the settings name, else what was found of build and deployment."""
        named = self.settings.deploy.shipped
        if named:
            return self.files(named, "the shipped file")
        found = self.discovered
        places = (*found.dockerfiles, *found.compose, *found.manifests, *found.notebooks)
        return tuple(dict.fromkeys((self.root / place).resolve() for place in places))

    def seed(self, check_id: str) -> int:
        """Seed of a check, from the digests of model and data: the same inputs give the same verdict."""
        return self.digests.seed(check_id)

    def progress(self, text: str) -> None:
        """Shows one line of progress on a terminal, over the last one; an empty text clears it.

        Quiet under -q, in a file or a pipe, and in an xdist worker.
        """
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or not reporter.isatty or self._config.option.verbose < 0:
            return
        reporter.ensure_newline()
        reporter.rewrite(text[: reporter._tw.fullwidth - 1], erase=True)  # noqa: SLF001 - the only way to its width


def of(config: pytest.Config) -> Project:
    """The project of this run, opened once.

    Raises:
        SettingsError: With every mistake in the settings.
    """
    if PROJECT not in config.stash:
        config.stash[PROJECT] = Project(config)
    return config.stash[PROJECT]


def common_directory(config: pytest.Config) -> Path:
    """The folder that all arguments have in common; where there are none, the one pytest was called in."""
    here = config.invocation_params.dir
    paths = [here / str(argument).partition("::")[0] for argument in config.args]
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        return config.rootpath
    there = [p if p.is_dir() else p.parent for p in paths if p.exists()]
    return _common(there) or here


def _common(folders: Sequence[Path]) -> Path | None:
    try:
        return Path(os.path.commonpath([folder.resolve() for folder in folders])) if folders else None
    except ValueError:  # different drives
        return None


def _date(text: str | None) -> dt.date:
    if text is None:
        return dt.datetime.now(tz=dt.UTC).date()
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ReadinessError(f"--mlready-at={text} is no date", expected="a date such as 2027-03-01") from error
