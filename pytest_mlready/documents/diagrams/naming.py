"""Tells whether a diagram names a model and all that it depends on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready.errors import near
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_mlready.documents.diagrams.reading import Drawing

_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}|\[?[0-9a-fA-F:]*::[0-9a-fA-F:]*\]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """Something that the system needs.

    Attributes:
        name: As manifests or lineage have it.
        source: Where that stands.
    """

    name: str
    source: str


def names(text: str, wanted: str) -> bool:
    """Whether a text names something: the words of the name one after the other, whatever stands between them.

    “feature-store” is named by `feature_store`, “Feature Store” and `FeatureStore`, and not by “feature” alone.
    """
    words = _words(wanted)
    if not words:
        return False
    pattern = r"[\W_]*".join(map(re.escape, words))
    return re.search(rf"(?<![a-z0-9]){pattern}(?![a-z0-9])", _spread(text)) is not None


def _spread(text: str) -> str:
    """Small letters, with the humps of camel case apart."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text).lower()


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", _spread(text))


def forms(name: str) -> tuple[str, ...]:
    """The names under which a diagram may show something: a host also by its first part, without its domain."""
    if _ADDRESS.fullmatch(name):
        return (name,)
    first = name.partition(".")[0]
    is_host = (
        "." in name and "/" not in name and not re.search(r"\.(py|parquet|csv|json|ya?ml|skops|joblib|onnx|pkl)$", name)
    )
    return (name, first) if is_host and len(first) > 2 else (name,)


def judge(
    drawings: Sequence[Drawing],
    *,
    model: Sequence[str],
    dependencies: Iterable[Dependency],
    aliases: Mapping[str, str],
) -> list[Verdict]:
    """Whether the diagrams together name the model and every dependency, and draw how they hang together.

    Args:
        drawings: Diagrams that could be read.
        model: Names of the model or system, of which one is enough.
        dependencies: What must be named.
        aliases: What the diagram calls a dependency, by its name.
    """
    drawn = "\n".join(d.drawn for d in drawings)
    where = ", ".join(d.path for d in drawings)
    return [_model(drawn, where, model), _all(drawn, where, list(dependencies), aliases), _relations(drawings, where)]


def _model(drawn: str, where: str, model: Sequence[str]) -> Verdict:
    if not model:
        told = 'what the model is called is not known. Next step: [tool.mlready] system = "…"'
        return Verdict(outcome="inconclusive", message=told)
    if any(names(drawn, name) for name in model):
        return Verdict(outcome="passed", message=f"{where} names the model")
    hint = near(model[0], set(re.findall(r"[\w-]+", drawn)))
    told = f"{where} does not name the model ({' or '.join(model)}){hint}"
    return Verdict(outcome="failed", message=told)


def _all(drawn: str, where: str, dependencies: list[Dependency], aliases: Mapping[str, str]) -> Verdict:
    def named(one: Dependency) -> bool:
        called = (str(aliases[one.name]),) if one.name in aliases else forms(one.name)
        return any(names(drawn, name) for name in called)

    missing = [one for one in dependencies if not named(one)]
    measured = Measurement(
        name="dependencies that the diagram names", value=len(dependencies) - len(missing), min=len(dependencies),
        n=len(dependencies), note=", ".join(d.name for d in dependencies)[:200],
    )  # fmt: skip
    if not missing:
        return Verdict(
            outcome="passed", message=f"{where} names {len(dependencies)} dependencies", measurements=(measured,)
        )
    known = set(re.findall(r"[\w.-]+", drawn))
    told = "\n".join(f"{where} does not show {m.name} ({m.source}){near(m.name, known)}" for m in missing)
    return Verdict(outcome="failed", message=told, measurements=(measured,))


def _relations(drawings: Sequence[Drawing], where: str) -> Verdict:
    count = sum(d.relations for d in drawings)
    measured = Measurement(name="relations drawn", value=count, min=1)
    if count:
        return Verdict(outcome="passed", message=f"{count} relations are drawn", measurements=(measured,))
    told = f"{where} draws no relation: nothing shows what depends on what"
    return Verdict(outcome="failed", message=told, measurements=(measured,))


def stated_version(whole: str, system: str, version: str) -> bool | None:
    """Whether a source says that it shows this version of the system; None where it states none.

    A version is one that stands behind the system's name or the word “model” or “version”: “income 2.0.0”.
    """
    words = "|".join(re.escape(word) for word in (system, "model", "version") if word)
    found = re.findall(rf"(?i)\b(?:{words})\b[\s:=@,(\"'-]{{1,4}}v?(\d+(?:\.\d+)+)", whole)
    return None if not found else version.lstrip("v") in found
