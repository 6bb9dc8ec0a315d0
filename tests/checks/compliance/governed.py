"""Builds what the `mlready` fixture hands to compliance checks: real settings over a temporary folder."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from types import SimpleNamespace

from pytest_mlready.artifacts import named
from pytest_mlready.errors import ReadinessError
from pytest_mlready.evidence import Evidence
from pytest_mlready.settings import Settings

TODAY = dt.date(2026, 11, 24)


def project(root, item, tables=None, *, today=TODAY, **options):
    settings = Settings.model_validate({**(tables or {}), "items": {item.id: options}})

    def path(text):
        return (root / text).resolve()

    def sha256(text):
        return hashlib.sha256(path(text).read_bytes()).hexdigest() if text and path(text).is_file() else None

    def file(text, what):
        return named.file(text, root, error=ReadinessError, what=what)

    return SimpleNamespace(
        root=root, settings=settings, today=today, path=path, file=file, progress=lambda _: None,
        files=lambda patterns, what: tuple(file(pattern, what) for pattern in patterns),
        options=functools.partial(lambda _: settings.options(item)),
        digests=SimpleNamespace(model=sha256(settings.model.path), train=sha256(settings.data.train)),
    )  # fmt: skip


def run(check, *given):
    """Calls a check; what it noted, by name."""
    evidence = Evidence()
    project, *fixtures = given
    check(project, evidence, *fixtures)
    return {one["name"]: one for one in evidence.notes.evidence}


class Request:
    """Hands out fixtures by name."""

    def __init__(self, **fixtures):
        self.fixtures = fixtures

    def getfixturevalue(self, name):
        return self.fixtures[name]
