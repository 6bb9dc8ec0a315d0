"""Reads manifests from files and folders: every document is either understood as far as it goes, or a problem."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.errors import near
from pytest_mlready.manifests import kustomize, places, strict_yaml
from pytest_mlready.manifests.documents import Document, Manifests, Problem, is_compose

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Sequence

    from pytest_mlready.manifests.documents import Steps
    from pytest_mlready.manifests.places import Source
    from pytest_mlready.manifests.strict_yaml import Part

# What only a template says; ConfigMaps and alerts hold other uses of {{ }}, which are no reason to refuse a document.
_TEMPLATE = re.compile(
    r"^(?![ \t]*#).*(?:\{\{-?\s*(?:\.(?:Values|Release|Chart)\b|include\s+\"|template\s+\"|tpl\s)|\{%)", re.MULTILINE
)
LINED = 20_000  # values of a document up to which findings in it have lines, which cost one more parse
_RENDER = "render it (helm template … > rendered.yaml) and name the result in deploy.manifests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is read.

    Attributes:
        size: Bytes of one file; rendered charts with their CRDs have up to about 5 MB.
        files: Files.
        documents: Documents in one file.
        values: Scalars, lists and tables in all files.
        document: Of each document.
    """

    size: int = 10_000_000
    files: int = 1_000
    documents: int = 2_000
    values: int = 500_000
    document: strict_yaml.Limits = field(default_factory=strict_yaml.Limits)


LIMITS = Limits()


@dataclass(slots=True, kw_only=True)
class _Reading:
    """What was read so far."""

    root: pathlib.Path
    limits: Limits
    values_left: int
    documents: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def problem(
        self, where: str, kind: Literal["unreadable", "not rendered", "not understood", "tool missing"],
        message: str, fix: str = "",
    ) -> None:  # fmt: skip
        self.problems.append(Problem(where=where, kind=kind, message=message, fix=fix))

    def display(self, path: pathlib.Path) -> str:
        try:
            return path.resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:  # not below the project
            return path.as_posix()


def read(paths: Sequence[pathlib.Path], *, root: pathlib.Path, limits: Limits = LIMITS) -> Manifests:
    """Reads files, folders and Kustomizations; never raises for what is in them.

    Args:
        paths: Files or folders. A folder with a Kustomization is rendered by kubectl; others are searched for
            .yaml, .yml and .json.
        root: Folder that findings name files relative to.
        limits: How much is read.

    Raises:
        ReadinessError: A path does not exist.
    """
    reading = _Reading(root=root, limits=limits, values_left=limits.values)
    sources = places.sources(paths)
    for source in sources[: limits.files]:
        _source(reading, source)
    if len(sources) > limits.files:
        reading.problem(f"{len(sources):,} files", "unreadable", f"only the first {limits.files:,} were read")
    return Manifests(
        documents=tuple(reading.documents), problems=tuple(reading.problems), notes=tuple(reading.notes)
    )  # fmt: skip


def _source(reading: _Reading, source: Source) -> None:
    name = reading.display(source.path)
    if source.kind == "chart":
        reading.problem(name, "not rendered", "a Helm chart", f"helm template {name} > rendered.yaml, and name that")
    elif source.kind == "kustomization":
        _kustomization(reading, source.path, name)
    elif (text := _text(reading, source, name)) is not None:
        _stream(reading, text, name, named=source.named, lines=True)


def _kustomization(reading: _Reading, folder: pathlib.Path, name: str) -> None:
    try:
        text = kustomize.render(folder)
    except kustomize.CannotRenderError as error:
        fix = f"kubectl kustomize {name} > rendered.yaml, and name that in deploy.manifests"
        reading.problem(name, "tool missing" if error.missing_tool else "not rendered", str(error), fix)
        return
    _stream(reading, text, f"{name} (kustomize)", named=True, lines=False)


def _text(reading: _Reading, source: Source, name: str) -> str | None:
    try:
        if not source.path.is_file():
            reading.problem(name, "unreadable", "no regular file")
            return None
        with source.path.open("rb") as file:
            content = file.read(reading.limits.size + 1)
    except OSError as error:
        reading.problem(name, "unreadable", error.strerror or "cannot be opened")
        return None
    if len(content) > reading.limits.size:
        reading.problem(name, "unreadable", f"more than {reading.limits.size:,} bytes", "split the file")
        return None
    if source.path.suffix.lower() == ".json" and not source.named and b'"apiVersion"' not in content:
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reading.problem(name, "unreadable", f"no UTF-8 (byte {error.start})")
        return None


def _stream(reading: _Reading, text: str, name: str, *, named: bool, lines: bool) -> None:
    for part in strict_yaml.parts(text):
        where = f"{name}, document {part.number}"
        if part.number > reading.limits.documents or reading.values_left <= 0:
            reading.problem(where, "unreadable", "too much to read; this document and those after it were left out")
            return
        try:
            parsed = strict_yaml.parse(part, reading.limits.document)
        except strict_yaml.YamlError as error:
            reading.values_left -= len(part.text) // 100  # what was looked at in vain counts too
            _refused(reading, part, where, str(error))
            continue
        reading.values_left -= parsed.values
        if _TEMPLATE.search(part.text):
            reading.problem(where, "not rendered", "a template", _RENDER)
        else:
            known = lines and parsed.values <= LINED
            _value(reading, parsed.value, _Place(name=name, part=part, lines=known, named=named))


def _refused(reading: _Reading, part: Part, where: str, message: str) -> None:
    if "{{" in part.text or "{%" in part.text:
        reading.problem(where, "not rendered", f"a template ({message})", _RENDER)
    else:
        reading.problem(where, "unreadable", message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a value comes from."""

    name: str
    part: Part
    lines: bool
    named: bool
    inside: Steps = ()

    @property
    def where(self) -> str:
        item = f", item {int(self.inside[-1]) + 1}" if self.inside else ""
        return f"{self.name}, document {self.part.number}{item}"


def _value(reading: _Reading, value: Any, place: _Place) -> None:
    """Sorts one value: an object, the objects of a List, a compose file, or something else."""
    if value is None:
        return
    if not isinstance(value, Mapping):
        reading.problem(place.where, "not understood", f"a {type(value).__name__} where an object is expected")
    elif isinstance(value.get("items"), list) and str(value.get("kind", "")).endswith("List"):
        for index, item in enumerate(value["items"]):
            inside = (*place.inside, "items", index)
            here = _Place(name=place.name, part=place.part, lines=place.lines, named=place.named, inside=inside)
            _value(reading, item, here)
    elif is_compose(value) or all(isinstance(value.get(k), str) and value[k] for k in ("apiVersion", "kind")):
        part = place.part if place.lines else None
        reading.documents.append(
            Document(file=place.name, number=place.part.number, content=value, part=part, inside=place.inside)
        )
    else:
        _other(reading, value, place)


def _other(reading: _Reading, value: Mapping[str, Any], place: _Place) -> None:
    """Something that is no manifest: a note when it lay in a folder, a problem when it was named or is half of one."""
    half = [key for key in ("apiVersion", "kind", "services") if key in value]
    if half or place.named:
        hint = next((h for key in list(value)[:50] if (h := near(str(key), ("apiVersion", "kind", "services")))), "")
        found = f"only {' and '.join(half)}" if half else "neither apiVersion and kind nor services"
        found = "apiVersion or kind is no text, or an empty one, and it stands" if len(half) > 1 else found
        reading.problem(place.where, "not understood", f"{found} at the top level{'' if half else hint}")
    else:
        reading.notes.append(f"{place.where}: no manifest, left out")
