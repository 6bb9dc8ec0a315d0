"""Tells from its name, or from how it begins, what a file seems to be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LOOK = 16_384  # bytes of a file that are looked at

SUFFIXES = {
    **dict.fromkeys(("skops", "joblib", "pkl", "pickle", "onnx", "ubj"), "models"),
    **dict.fromkeys(("parquet", "csv", "arrow"), "data"),
    **dict.fromkeys(("mmd", "mermaid", "puml", "plantuml", "drawio"), "diagrams"),
    "ipynb": "notebooks",
    "dockerfile": "dockerfiles",
    "rules": "rules",
}
NAMES = (
    ("data", re.compile(r".+\.csv\.gz")),
    ("model_cards", re.compile(r".*model[-_ ]?card.*\.(md|markdown|rst)")),
    ("runbooks", re.compile(r".*(runbook|playbook).*\.(md|markdown|rst)")),
    ("dockerfiles", re.compile(r"(dockerfile|containerfile)(\..+)?")),
    ("compose", re.compile(r"(docker-)?compose.*\.ya?ml")),
    ("tests", re.compile(r"test_.*\.py|.*_test\.py")),
    ("diagrams", re.compile(r".*architecture.*\.(svg|png|jpg|md)|workspace\.dsl")),
)
LETTERS = re.compile(r"model|card|runbook|playbook|docker|container|compose|test|architecture|workspace|\.csv\.gz")
RUNBOOK_FOLDERS = re.compile(r"(^|/)(runbooks?|playbooks?)/[^/]+\.(md|markdown|rst)$", re.IGNORECASE)
ASK = {
    "json": re.compile(r".*(openapi|swagger).*"),
    "txt": re.compile(r".*(model|lgb|lightgbm|gbm|booster).*"),
    "tar": re.compile(r".*"),
}

CONTENT = tuple(  # every pattern of a line must be there; the first such line counts
    (which, tuple(re.compile(pattern, re.MULTILINE) for pattern in patterns))
    for which, *patterns in (
        ("images", rb"\A(manifest\.json|index\.json|oci-layout|repositories|blobs/|[0-9a-f]{64}[/.])"),  # of a tar
        ("models", rb"\Atree\r?\nversion=v\d"),  # how LightGBM's text format begins
        ("rules", rb"^kind:[ \t]*PrometheusRule\b"),
        ("manifests", rb"^apiVersion:[ \t]*\S", rb"^kind:[ \t]*\S"),
        ("openapi", rb"\A\s*\{", rb'"(openapi|swagger)"[ \t]*:'),
        ("openapi", rb"""^["']?(openapi|swagger)["']?:[ \t]"""),
        ("rules", rb"^groups:", rb"^[ \t]*(-[ \t]+)?(alert|record):[ \t]"),
        ("compose", rb"^services:[ \t]*$", rb"^[ \t]+(image|build):"),
    )
)

ROLES = {
    "train": frozenset({"train", "training"}),
    "heldout": frozenset({"heldout", "holdout", "test", "testing", "eval", "evaluation"}),
    "reference": frozenset({"reference"}),
    "current": frozenset({"current"}),
}
LIVE = frozenset({"production", "prod", "champion", "live"})
ROLE_MEANING = {
    "train": "what the model was trained on",
    "heldout": "data that the model has never seen, not even in tuning",
    "reference": "data of the time of the release",
    "current": "data of now",
}


def kind(name: str, place: str) -> str | None:
    """What a file seems to be by its name: a field of Discovered, or None.

    Args:
        name: The file's name.
        place: Its path below the root, with "/".
    """
    lower = name.lower()
    suffix = lower.rpartition(".")[2]
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    if LETTERS.search(lower):  # one quick look before the exact ones: most files of a project match nothing
        for which, pattern in NAMES:
            if pattern.fullmatch(lower):
                return which
    return "runbooks" if suffix in ("md", "markdown", "rst") and RUNBOOK_FOLDERS.search(place) else None


def needs_look(name: str) -> bool:
    """Whether only the content can tell."""
    suffix = name.rpartition(".")[2].lower()
    pattern = ASK.get(suffix)
    return suffix in ("yaml", "yml") or (pattern is not None and pattern.fullmatch(name.lower()) is not None)


def kind_of_content(beginning: bytes) -> str | None:
    """What a file seems to be by its first bytes."""
    return next((which for which, patterns in CONTENT if all(p.search(beginning) for p in patterns)), None)


def words(path: Path) -> frozenset[str]:
    """The words of a file's name: "income_held-out.csv.gz" has "income", "heldout"."""
    stem = path.name.partition(".")[0].lower()
    return frozenset(re.split(r"[^a-z]+", re.sub(r"(held|hold)[-_ ]?out", r"\1out", stem)))
