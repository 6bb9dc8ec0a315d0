"""Holds what was read from manifests: documents with their place, and what could not be read or understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.manifests import strict_yaml
from pytest_mlready.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.manifests.strict_yaml import Part

COMPOSE = "compose"  # the kind that a compose file is given: it names none itself
Steps = tuple[str | int, ...]  # from a document to a value in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One object of Kubernetes, or one compose file.

    Attributes:
        file: As the reader may open it, relative to the project.
        number: Place of the document in the file, from 1.
        content: What it says; an object's keys are whatever was written.
        part: Its text, from which lines are found; None when a tool rendered it.
        inside: Steps from the document to this object, for an item of a List.
    """

    file: str
    number: int
    content: Mapping[str, Any]
    part: Part | None = field(default=None, repr=False, compare=False)
    inside: Steps = ()

    @property
    def kind(self) -> str:
        return COMPOSE if is_compose(self.content) else str(self.content.get("kind", ""))

    @property
    def api_version(self) -> str:
        return str(self.content.get("apiVersion", ""))

    @property
    def group(self) -> str:
        """The API group: "apps" of apps/v1, "" of v1."""
        return self.api_version.rpartition("/")[0]

    @property
    def name(self) -> str:
        name = at(self.content, "metadata", "name")
        return "" if name is None else str(name)

    @property
    def namespace(self) -> str | None:
        """As written; None leaves it to whoever applies the document."""
        namespace = at(self.content, "metadata", "namespace")
        return None if namespace is None else str(namespace)

    @property
    def title(self) -> str:
        return self.kind if self.kind == COMPOSE else f"{self.kind}/{self.name}"

    @property
    def where(self) -> str:
        """File, document and object, for the beginning of a sentence."""
        item = f", item {int(self.inside[-1]) + 1}" if self.inside else ""
        return f"{self.file}, document {self.number}{item} ({self.title})"

    def place(self, *path: str | int) -> str:
        """`where` with the line of a field, as far as it exists."""
        if self.part is None:
            return self.where
        found = strict_yaml.line(self.part, (*self.inside, *path))
        return f"{self.file}:{found}, document {self.number} ({self.title})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A document that no verdict can be based on.

    Attributes:
        where: File and document.
        kind: "unreadable", "not rendered" (a template), "not understood", "tool missing".
        message: What was found, as a sentence without a full stop.
        fix: The next step.
    """

    where: str
    kind: Literal["unreadable", "not rendered", "not understood", "tool missing"]
    message: str
    fix: str = ""

    def verdict(self) -> Verdict:
        """Inconclusive: what the document holds is not known."""
        step = f". Next step: {self.fix}" if self.fix else ""
        return Verdict(outcome="inconclusive", message=f"{self.where}: {self.kind}: {self.message}{step}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifests:
    """All that was read.

    Attributes:
        documents: Objects and compose files, in the order of the paths.
        problems: What could not be read or understood; a verdict over the rest is not a pass.
        notes: What was left out on purpose, for the record.
    """

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def kubernetes(self) -> tuple[Document, ...]:
        return tuple(d for d in self.documents if d.kind != COMPOSE)

    @property
    def compose(self) -> tuple[Document, ...]:
        return tuple(d for d in self.documents if d.kind == COMPOSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a check concludes from, and what it records beside.

    Attributes:
        verdicts: At least one where there was something to judge.
        warnings: What weakens no verdict but should be known.
    """

    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...] = ()

    def __add__(self, other: Judgement) -> Judgement:
        return Judgement(verdicts=self.verdicts + other.verdicts, warnings=self.warnings + other.warnings)


def is_compose(content: Any) -> bool:
    """Whether a document is a compose file: it has services, and is no object of Kubernetes."""
    return isinstance(at(content, "services"), Mapping) and "apiVersion" not in content


def at(value: Any, *path: str | int) -> Any:
    """What lies at a path; None where a step is missing or leads into something that has no steps."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def table(value: Any, *path: str | int) -> Mapping[str, Any]:
    """The table at a path; an empty one where there is none."""
    found = at(value, *path)
    return found if isinstance(found, Mapping) else {}


def entries(value: Any, *path: str | int) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(index, table) of the tables in the list at a path."""
    found = at(value, *path)
    for index, entry in enumerate(found if isinstance(found, list) else ()):
        if isinstance(entry, Mapping):
            yield index, entry


def is_odd(value: Any, *path: str | int) -> bool:
    """Whether something other than a list of tables stands at a path, so that `entries` would miss what it says."""
    found = at(value, *path)
    return found is not None and not (isinstance(found, list) and all(isinstance(entry, Mapping) for entry in found))


def texts(value: Mapping[str, Any]) -> dict[str, str]:
    """A table of labels, annotations or the like, with every value as text."""
    return {str(k): _text(v) for k, v in value.items() if v is not None}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def failed(place: str, found: str, expected: str) -> Verdict:
    """A finding: where it is, what was found, what was expected."""
    return Verdict(outcome="failed", message=f"{place}: {found}; expected {expected}")


def shown(value: Any, most: int = 60) -> str:
    """A value as a finding shows it, shortened."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"
