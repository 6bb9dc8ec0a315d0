"""Finds what a deployed system depends on, as far as its manifests name it: other workloads, services and hosts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_mlready.manifests import compose, workloads
from pytest_mlready.manifests.documents import entries, table, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_mlready.manifests.documents import Document, Manifests

_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"',]+", re.IGNORECASE)
_HOST_KEY = re.compile(r"(^|_)(HOST|HOSTNAME|SERVER|ADDR|ADDRESS|BROKERS?|BOOTSTRAP_SERVERS|ENDPOINT|URL|URI|DSN)S?$")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*\.?(:\d{1,5})?(/.*)?")
_HERE = frozenset({"localhost", "0.0.0.0", "127.0.0.1", "::1", "host.docker.internal"})  # noqa: S104 - names, no binding
_CLUSTER = re.compile(r"\.svc(\.cluster\.local)?\.?$")


def of(manifests: Manifests, *, own: Iterable[str] = ()) -> dict[str, str]:
    """Names of what the system depends on, with where each stands.

    Workloads and services of the manifests, services of compose files, and hosts that environment variables and
    ConfigMaps name; not loopback, and not the system itself.

    Args:
        manifests: As read.
        own: Names of the system itself.
    """
    mine = {name.lower() for name in own}
    found: dict[str, str] = {}
    for name, where in (*_kubernetes(manifests.kubernetes), *_compose(manifests.compose)):
        if name and name.lower() not in mine and name.lower() not in _HERE:
            found.setdefault(name, where)
    return found


def _kubernetes(documents: Sequence[Document]) -> Iterator[tuple[str, str]]:
    running, _ = workloads.find(documents)
    for workload in running:
        yield workload.name, workload.where
        for container in workload.containers:
            for _, variable in entries(container.content, "env"):
                where = f"{workload.where}, {container.title}, {variable.get('name')}"
                yield from ((host, where) for host in hosts(str(variable.get("name")), variable.get("value")))
    for document in documents:
        if document.kind == "Service" and not document.group:
            external = document.content.get("spec")
            name = table(document.content, "spec").get("externalName") if isinstance(external, dict) else None
            yield (str(name) if name else document.name), document.where
        elif document.kind == "ConfigMap":
            for key, value in texts(table(document.content, "data")).items():
                yield from ((host, f"{document.where}, {key}") for host in hosts(key, value))


def _compose(documents: Sequence[Document]) -> Iterator[tuple[str, str]]:
    for service in compose.read(documents).services:
        yield service.name, service.place()
        for key, value in _environment(service.content.get("environment")).items():
            yield from ((host, f"{service.place()}, {key}") for host in hosts(key, value))


def _environment(value: Any) -> Mapping[str, Any]:
    """Variables of a compose service, written as a table or as a list of NAME=value."""
    if isinstance(value, dict):
        return {str(key): one for key, one in value.items()}
    pairs = (str(one).partition("=") for one in value) if isinstance(value, list) else ()
    return {key: one for key, _, one in pairs}


def hosts(key: str, value: Any) -> list[str]:
    """The hosts that a variable names: of URLs in its value, or of a value such as “redis:6379” under a fitting key.

    A name within a cluster is given without the cluster's part: “store” of store.data.svc.cluster.local.
    """
    if not isinstance(value, str) or not value.strip():
        return []
    if urls := _URL.findall(value):
        return [_plain(name) for url in urls if (name := _hostname(url))]
    if not _HOST_KEY.search(key.upper()):
        return []
    parts = [part.strip() for part in value.split(",")]
    return [_plain(re.split(r"[:/]", part)[0]) for part in parts if _HOST.fullmatch(part) and not part.isdigit()]


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _plain(host: str) -> str:
    inside = _CLUSTER.sub("", host)
    return inside.split(".")[0] if inside != host else host.rstrip(".")
