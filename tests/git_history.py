"""Makes real repositories for tests, and hands checks what the `mlready` fixture would."""

from __future__ import annotations

import hashlib
import os
import subprocess
from types import SimpleNamespace

from pytest_mlready.artifacts import named
from pytest_mlready.errors import ReadinessError
from pytest_mlready.evidence import Evidence
from pytest_mlready.settings import Settings

ADA, GRACE = "Ada <ada@example.com>", "Grace <grace@example.com>"


class Repo:
    """A repository in a folder, with authors and dates as a test wants them."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words, author=ADA, date="2026-11-01T12:00:00+00:00"):
        name, mail = author.rstrip(">").split(" <")
        who = {"NAME": name, "EMAIL": mail, "DATE": date}
        settings = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
        done = subprocess.run(
            ["git", "-c", "commit.gpgSign=false", "-c", "tag.gpgSign=false", *words], cwd=self.folder, check=True,
            capture_output=True, text=True, timeout=30,
            env={**os.environ, **settings, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
        )  # fmt: skip
        return done.stdout.strip()

    def commit(self, message="a change", *, files=None, **more):
        for name, content in (files or {}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, **more)
        return self.git("rev-parse", "HEAD")

    def merge(self, branch, message="merged", *, into="main", **more):
        self.git("checkout", "-q", into)
        self.git("merge", "-q", "--no-ff", branch, "-m", message, **more)
        return self.git("rev-parse", "HEAD")

    def branch(self, name):
        self.git("checkout", "-q", "-b", name)


def project(root, item, tables=None, *, today=None, **options):
    settings = Settings.model_validate({**(tables or {}), "items": {item.id: options}})

    def path(text):
        return (root / text).resolve()

    def file(text, what):
        return named.file(text, root, error=ReadinessError, what=what)

    def files(patterns, what):
        return tuple(f for p in patterns for f in (sorted(root.glob(p)) if "*" in p else [file(p, what)]))

    def sha256(text):
        return hashlib.sha256(path(text).read_bytes()).hexdigest() if text and path(text).is_file() else None

    return SimpleNamespace(
        root=root, settings=settings, today=today, path=path, file=file, files=files, alone="",
        options=lambda _: settings.options(item), progress=lambda _: None, seed=lambda _: 7,
        digests=SimpleNamespace(model=sha256(settings.model.path)),
    )  # fmt: skip


class Request:
    """Hands out fixtures by name; by itself it is the only test of its session."""

    def __init__(self, later=(), **fixtures):
        self.fixtures, self.node = fixtures, SimpleNamespace(nodeid="mlready::data::test_it")
        self.session = SimpleNamespace(items=[self.node, *(SimpleNamespace(nodeid=one) for one in later)])

    def getfixturevalue(self, name):
        return self.fixtures[name]


def run(check, mlready, *fixtures):
    """Calls a check; what it noted, by name."""
    evidence = Evidence()
    check(mlready, evidence, *fixtures)
    return {one["name"]: one for one in evidence.notes.evidence}
