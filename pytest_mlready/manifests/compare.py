"""Compares the manifests of two environments: what differs beyond the keys that may."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_mlready.errors import ReadinessError, near
from pytest_mlready.manifests.documents import COMPOSE, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mlready.manifests.documents import Document

# Where environments are of another size, under another name, or in another place, and nothing else. Names of images,
# digests included, probes, commands and policies are not among them.
ALLOWED = (
    "metadata.namespace",
    "*.subjects.*.namespace",
    "spec.replicas",
    "*.minReplicas", "*.maxReplicas",
    "*.minReplicaCount", "*.maxReplicaCount", "*.idleReplicaCount",
    "*.autoscaling.knative.dev/min-scale", "*.autoscaling.knative.dev/max-scale",
    "*.autoscaling.knative.dev/minScale", "*.autoscaling.knative.dev/maxScale",
    "spec.minAvailable", "spec.maxUnavailable",
    "*.resources", "*.resources.*",
    "services.*.deploy.replicas", "services.*.scale", "services.*.mem_limit", "services.*.cpus",
    "Ingress:spec.rules.*.host", "Ingress:spec.tls.*.hosts.*", "Ingress:spec.tls.*.secretName",
    "*Route:spec.hostnames.*", "Route:spec.host", "Gateway:spec.listeners.*.hostname",
    "VirtualService:spec.hosts.*", "Certificate:spec.dnsNames.*",
)  # fmt: skip
ABSENT = "(absent)"
_SECRET_NAME = re.compile(r"passw|token|secret|key|credential|auth|dsn", re.IGNORECASE)


class Identity(NamedTuple):
    """What an object is matched by."""

    kind: str
    group: str
    name: str
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value that differs, or one object that only one side has.

    Attributes:
        document: "Deployment/income".
        path: Steps joined by dots, entries of a list by their name or number:
            "spec.template.spec.containers.income.image". Empty when the whole object is on one side only.
        production: The value there as text, shortened; "(absent)" where there is none. Values of Secrets and of
            variables with a name like PASSWORD are hidden.
        staging: The same.
    """

    document: str
    path: str
    production: str
    staging: str

    def __str__(self) -> str:
        what = f"{self.document}: {self.path}" if self.path else self.document
        return f"{what} is {self.production} in production and {self.staging} in staging"


def env_values(*names: str) -> tuple[str, ...]:
    """Globs that allow the values of these environment variables to differ, in Kubernetes and compose."""
    return tuple(glob for name in names for glob in (f"*.env.{name}.value", f"services.*.environment.{name}"))


def differences(
    production: Sequence[Document], staging: Sequence[Document], *, allowed: Sequence[str] = ALLOWED
) -> list[Difference]:
    """What differs between two environments, in the order of production's documents.

    Objects are matched by kind and name, whatever their namespace; Namespaces by kind alone. Entries of lists are
    matched by their `name` where every entry has one (containers, variables, ports, volumes), otherwise by place.

    Args:
        production: Documents as `reading.read` returns them.
        staging: The same of the other environment.
        allowed: Globs ("*" stands for any characters, dots too) of paths that may differ; "Kind:glob" holds for that
            kind alone, and "Kind:" for objects of that kind that only one side has. Add to the default with
            `(*ALLOWED, "metadata.labels.environment", *env_values("LOG_LEVEL"))`.

    Returns:
        Empty when nothing differs that may not.

    Raises:
        ReadinessError: One side has no documents, so that nothing was compared, or holds one object twice.
    """
    sides = {"production": _by_identity(production, "production"), "staging": _by_identity(staging, "staging")}
    found: list[Difference] = []
    for identity in dict.fromkeys([*sides["production"], *sides["staging"]]):
        one, other = sides["production"].get(identity), sides["staging"].get(identity)
        if one is not None and other is not None:
            found += _within(one, other, allowed)
        elif not _allows(allowed, identity.kind, ""):
            found.append(_one_sided(one, other, sides))
    return found


def _by_identity(documents: Sequence[Document], side: str) -> dict[Identity, Document]:
    """Documents by what they are matched by; where several namespaces have the same object, by its turn too."""
    if not documents:
        raise ReadinessError(f"there are no {side} manifests to compare", expected="at least one document on each side")
    found: dict[Identity, Document] = {}
    for document in documents:
        turn = 0
        while (identity := Identity(document.kind, document.group, _name(document), turn)) in found:
            if found[identity].namespace == document.namespace:
                raise ReadinessError(
                    f"{document.title} is twice in the {side} manifests: {found[identity].where}, {document.where}",
                    expected="the manifests of one environment",
                )
            turn += 1
        found[identity] = document
    return found


def _name(document: Document) -> str:
    """What an object is matched by: a Namespace's own name is what environments differ in."""
    if document.kind == COMPOSE:
        return re.sub(r"\.(prod|production|staging|stage)(?=\.)", "", document.file.rpartition("/")[2])
    return "" if document.kind == "Namespace" else document.name


def _one_sided(
    one: Document | None, other: Document | None, sides: Mapping[str, Mapping[Identity, Document]]
) -> Difference:
    """An object that one side lacks, with the name that the other may have given it."""
    there, lacking = (one, "staging") if one is not None else (other, "production")
    document: Any = there  # one of the two is there
    names = [identity.name for identity in sides[lacking] if identity.kind == document.kind]
    hint = near(document.name, names).replace("did you mean", f"{lacking} has").rstrip("?")
    values = {
        "production": f"there ({document.file})",
        "staging": f"there ({document.file})",
        lacking: f"{ABSENT}{hint}",
    }
    return Difference(document=document.title, path="", **values)


def _within(one: Document, other: Document, allowed: Sequence[str]) -> Iterator[Difference]:
    for path, left, right in _unequal(one.content, other.content, ()):
        joined = ".".join(path)
        same_object = not (one.kind == "Namespace" and _is_own_name(joined))
        if same_object and not _allows(allowed, one.kind, joined):
            values = {"production": _shown(left, one, path), "staging": _shown(right, one, path)}
            yield Difference(document=one.title, path=joined, **values)


def _is_own_name(path: str) -> bool:
    return path in ("metadata.name", "metadata.labels.kubernetes.io/metadata.name")


class _Missing:
    """Stands for a value that one side does not have."""


def _unequal(one: Any, other: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """(path, value, value) of the deepest values that differ."""
    if isinstance(one, list) and isinstance(other, list):
        one, other = _keyed(one, other), _keyed(other, one)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in dict.fromkeys([*one, *other]):
            yield from _unequal(one.get(key, _Missing), other.get(key, _Missing), (*path, str(key)))
    elif type(one) is not type(other) or one != other:
        yield path, one, other


def _keyed(entries: list[Any], others: list[Any]) -> dict[str, Any]:
    """A list as a table: by the entries' names where all on both sides have one of their own, otherwise by place."""
    names, other_names = _names(entries), _names(others)
    if names is not None and other_names is not None:
        return dict(zip(names, entries, strict=True))
    return {str(index): entry for index, entry in enumerate(entries)}


def _names(entries: list[Any]) -> list[str] | None:
    names = [
        str(entry["name"]) for entry in entries if isinstance(entry, Mapping) and isinstance(entry.get("name"), str)
    ]
    return names if len(names) == len(entries) == len(set(names)) else None


def _allows(allowed: Sequence[str], kind: str, path: str) -> bool:
    """Whether a path may differ in an object of a kind."""
    for glob in allowed:
        of_kind, colon, below = glob.partition(":")
        if not colon:
            of_kind, below = "*", glob
        if fnmatch.fnmatchcase(kind, of_kind) and (below == path == "" or (path and fnmatch.fnmatchcase(path, below))):
            return True
    return False


def _shown(value: Any, document: Document, path: tuple[str, ...]) -> str:
    """A value for the reader; of tables and lists their size alone, and nothing of what may be a secret."""
    if value is _Missing:
        return ABSENT
    if isinstance(value, Mapping | list):
        return f"{'a list' if isinstance(value, list) else 'a table'} of {len(value)}"
    return "(hidden)" if _is_secret(document, path, value) else shown(value, 100)


def _is_secret(document: Document, path: tuple[str, ...], value: Any) -> bool:
    if document.kind == "Secret" and path[0] in ("data", "stringData"):
        return True
    if not {"args", "command", "env", "environment"} & set(path):
        return False
    return _SECRET_NAME.search(".".join([*path[-2:], str(value)])) is not None
