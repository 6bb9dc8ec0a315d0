"""Collects the items: every module under checks/<category>/ defines one `ITEM`, and the text lives there alone."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import tomllib
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready import checks
from pytest_mlready.errors import SettingsError, near

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path
    from types import ModuleType

CATEGORIES = {
    "model_quality": "Model quality",
    "data": "Data",
    "infrastructure": "Infrastructure",
    "security": "Security",
    "monitoring": "Monitoring",
    "documentation": "Documentation",
    "compliance": "Compliance",
    "rollback": "Rollback",
}

CHOICES = {"combine": ("fraction", "minimum"), "not_applicable": ("leaves", "zero")}  # in a rubric's file

OptionType = Literal[
    "number", "fraction", "integer", "duration", "size", "string", "strings", "boolean", "date", "table", "tables"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One setting of an item, under [tool.mlready.items."category.item"].

    Attributes:
        name: Key in the table.
        type: "number", "fraction" (0 to 1), "integer", "duration" ("250 ms", or seconds; read as seconds), "size"
            ("20 MB", or bytes; read as bytes), "string", "strings", "boolean", "date", "table", "tables".
        default: Value where the settings say nothing.
        doc: One sentence, with the source of the default where it has one.
    """

    name: str
    type: OptionType
    default: Any
    doc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a team must be able to show before it ships.

    Attributes:
        id: "category.name".
        title: As the checklist has it, a few words.
        question: What is asked, as one question.
        why: Why it matters in production: what goes wrong without it.
        looks_at: What the built-in checks look at, and when they pass, fail, or cannot tell.
        how_to_fix: What to do, concretely, when it is not verified.
        attestation: What a person's statement must contain to stand for it.
        decided_by: "code"; "person" (only a person can decide: a valid attestation earns the full point);
            "both" (content by code and a person's word: half each).
        lifetime_days: How long an attestation holds at most.
        about_model: The item is about this very model: an attestation must be bound to its digest or version range.
        sources: Papers, standards, documentation.
        options: Settings of this item.
    """

    id: str
    title: str
    question: str
    why: str
    looks_at: str
    how_to_fix: str
    attestation: str
    decided_by: Literal["code", "person", "both"] = "code"
    lifetime_days: int = 180
    about_model: bool = False
    sources: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()

    @property
    def category(self) -> str:
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        return self.id.partition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class RubricTest:
    """One line of a rubric, and the items that stand for it.

    Attributes:
        id: Within the rubric ("data-1").
        title: A few words.
        full: Items whose verification is this test; any one of them is enough, or every one with `all_of`.
        partial: Items that cover a part of it: shown, never added up.
        requires: item id -> name of the evidence record that must be true for this item to count in full.
    """

    id: str
    title: str
    full: tuple[str, ...]
    partial: tuple[str, ...] = ()
    all_of: bool = False
    requires: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A named group of rubric tests."""

    id: str
    title: str
    tests: tuple[RubricTest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """A way to count: sections of tests, each test covered by items. Read from a data file.

    Attributes:
        combine: "fraction": points over applicable tests. "minimum": the lowest section's sum.
        attested: What an attestation alone earns: a number, or "by_item" (the full point where only a person decides).
        not_applicable: "leaves" the denominator, or earns "zero".
        needs_automation: A full credit needs proof that the run happens automatically and repeatedly; otherwise 0.5.
        bands: (upper end included, or None for the last; meaning), ascending.
    """

    id: str
    title: str
    sections: tuple[Section, ...]
    combine: Literal["fraction", "minimum"]
    attested: float | Literal["by_item"]
    not_applicable: Literal["leaves", "zero"]
    needs_automation: bool = False
    edition: int | None = None
    source: str = ""
    bands: tuple[tuple[float | None, str], ...] = ()

    @property
    def tests(self) -> tuple[RubricTest, ...]:
        return tuple(test for section in self.sections for test in section.tests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All items, in the order in which they are shown, and the rubrics that count them."""

    items: Mapping[str, Item]
    rubrics: tuple[Rubric, ...]
    modules: Mapping[str, ModuleType]  # item id -> the module under checks/ that defines it

    def with_rubrics(self, files: Iterable[Path]) -> Catalog:
        """This catalogue with a team's own rubric files added."""
        added = tuple(read_rubric(file, self.items) for file in files)
        ids = [rubric.id for rubric in (*self.rubrics, *added)]
        if twice := [i for i in dict.fromkeys(ids) if ids.count(i) > 1]:
            raise SettingsError(f"there are two rubrics with the id {twice[0]!r}", expected="an id of its own for each")
        return Catalog(items=self.items, rubrics=self.rubrics + added, modules=self.modules)

    def coverage(self, item_id: str) -> tuple[tuple[Rubric, RubricTest, Literal["fully", "partly"]], ...]:
        """The rubric tests that an item stands for."""
        return tuple(
            (rubric, test, "fully" if item_id in test.full else "partly")
            for rubric in self.rubrics
            for test in rubric.tests
            if item_id in test.full + test.partial
        )


@functools.cache
def load() -> Catalog:
    """Imports every module under checks/<category>/ and reads the rubrics that ship.

    Raises:
        SettingsError: A module without `ITEM`, an id that is not its place, an id that exists twice, or a rubric that
            names an unknown item.
    """
    modules: dict[str, ModuleType] = {}
    for category in CATEGORIES:
        package = importlib.import_module(f"{checks.__name__}.{category}")
        for info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            _add(modules, module, f"{category}.{info.name}")
    items = {item_id: module.ITEM for item_id, module in modules.items()}
    folder = resources.files("pytest_mlready") / "rubrics"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    rubrics = tuple(read_rubric(file, items) for file in files)
    order = _order(items, rubrics)
    return Catalog(items={i: items[i] for i in order}, rubrics=rubrics, modules={i: modules[i] for i in order})


def _add(modules: dict[str, ModuleType], module: ModuleType, place: str) -> None:
    item = getattr(module, "ITEM", None)
    if not isinstance(item, Item):
        raise SettingsError(f"{module.__name__} defines no ITEM", expected="ITEM = Item(id=…, …)")
    if item.id != place:
        raise SettingsError(
            f"{module.__name__} defines the item {item.id!r}", expected=f"the id of its place, {place!r}"
        )
    modules[item.id] = module


def _order(items: Mapping[str, Item], rubrics: Sequence[Rubric]) -> list[str]:
    """Category by category; within one, as the rubrics name them, then the rest by name."""
    rank = {i: n for n, i in reversed(list(enumerate(i for r in rubrics for t in r.tests for i in t.full)))}
    categories = list(CATEGORIES)
    return sorted(items, key=lambda i: (categories.index(items[i].category), rank.get(i, len(rank) + 1000), i))


def read_rubric(file: Traversable | Path, items: Mapping[str, Item]) -> Rubric:
    """Reads one rubric file.

    Raises:
        SettingsError: The file is missing or malformed, or names an item that the catalogue does not have.
    """
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        sections = tuple(_section(section) for section in raw.pop("sections"))
        bands = tuple((band.get("upto"), band["text"]) for band in raw.pop("bands", ()))
        rubric = Rubric(sections=sections, bands=bands, **raw)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"the rubric {file.name} cannot be read: {error}",
            expected="the keys id, title, combine, attested, not_applicable and [[sections]] with [[sections.tests]]",
        ) from error
    for key, known in CHOICES.items():
        if getattr(rubric, key) not in known:
            found = f"the rubric {file.name} has {key} = {getattr(rubric, key)!r}"
            raise SettingsError(found, expected=" or ".join(known))
    for test in rubric.tests:
        for item in (*test.full, *test.partial, *test.requires):
            if item not in items:
                raise SettingsError(
                    f"the rubric {file.name}, test {test.id}, names {item!r}{near(item, items)}",
                    expected="an item of the catalogue (`pytest-mlready explain` lists them)",
                )
    return rubric


def _section(raw: dict[str, Any]) -> Section:
    tests = tuple(
        RubricTest(
            id=t["id"],
            title=t["title"],
            full=tuple(t["full"]),
            partial=tuple(t.get("partial", ())),
            all_of=t.get("all_of", False),
            requires=t.get("requires", {}),
        )
        for t in raw["tests"]
    )
    return Section(id=raw["id"], title=raw["title"], tests=tests)
