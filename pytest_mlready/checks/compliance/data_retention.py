"""Asks whether data end when they should, also in snapshots, stores and logs."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    import datetime as dt

    import polars as pl

    from pytest_mlready.documents.inventory import Inventory
    from pytest_mlready.documents.retention.search import Searched
    from pytest_mlready.documents.retention.subjects import Subjects
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.values import Verdict

ITEM = Item(
    id="compliance.data_retention",
    title="Data retention and deletion",
    question="Are data deleted when their time is over or a person asks, everywhere they were copied to?",
    why=(
        "Deleting the row in the main database is the easy part. Training snapshots, feature stores, caches, request "
        "logs and evaluation files keep their copies, and the next training brings the person back into the model. A "
        "policy that was never exercised usually fails at one of these places."
    ),
    looks_at=(
        "Three things. Rules: each data set of the settings and each store of `stores` is covered by the data "
        "inventory (`inventory` in [tool.mlready.data]), and each personal field there has a period. Age: the oldest "
        "record of each data set with personal fields, by its time column (`time` in [tool.mlready.data], or `time` "
        "here by data set), is within the shortest period of these fields; where no column tells, `since` states the "
        "day that the period counts from, and the report says so. The deletion drill: `deleted` names a list of "
        "deleted subjects, as keyed hashes (HMAC-SHA256); every key in the training and held-out data, the windows and "
        "all `stores` (tables, or logs word by word) is hashed, and none may be among them, while the hashes listed "
        "as present must be found, so that hashes of another form do not pass for deletion. It passes when all hold. "
        "It fails on a data set without a rule, a record that is too old, and a deleted subject that is found. It is "
        "inconclusive without a drill although there is an inventory, without deleted or present subjects, in a store "
        "without the key's columns or too large to search, where records have no time, and when the inventory covers "
        "logs or prompts that `stores` does not name. Only hashes are compared and reported. Backups, and what a "
        "trained model keeps of its data, are not looked at. Data that the inventory declares personal in no field "
        "need no rule."
    ),
    how_to_fix=(
        "Give each dataset an owner, a period and a deletion job. Keep a register of copies, with snapshots, backups "
        "and derived tables. Key records so that one person can be found in all of them. Decide what happens to models "
        "that were trained on deleted data: the next retraining, by which date. Run the drill with test subjects each "
        "quarter."
    ),
    attestation=(
        "The rules per dataset, the drill's date and number of subjects, the places searched and results, how trained "
        "models and backups are treated, and open ends."
    ),
    lifetime_days=90,
    sources=(
        "GDPR (Regulation (EU) 2016/679), Article 5(1)(e) storage limitation and Article 17 right to erasure",
        "NIST Privacy Framework 1.0 (2020)",
        "Bourtoule et al. 2021, Machine Unlearning",
        "Krawczyk, Bellare, Canetti 1997, RFC 2104: HMAC",
        "Breck et al. 2017, ML Test Score, Data 5: the data pipeline has appropriate privacy controls",
    ),
    options=(
        Option(
            name="deleted", type="string", default=None,
            doc="List of deleted subjects, as keyed hashes (YAML, JSON or TOML).",
        ),
        Option(
            name="stores", type="table", default={},
            doc='Further places of copies by name: { features = "features.parquet", logs = ["logs/*.jsonl"] }.',
        ),
        Option(
            name="time", type="table", default={},
            doc='Column with the time of collection by data set: { train = "collected_at" }.',
        ),
        Option(
            name="since", type="table", default={},
            doc='Day that a period counts from, for data sets without such a column: { train = "2026-11-24" }.',
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'
_OBJECT = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")  # "module:function"
TABLES = ("train", "heldout", "reference", "current")
TABLE_SUFFIXES = (".parquet", ".pq", ".csv", ".csv.gz", ".arrow", ".feather", ".ipc")


@pytest.mark.compliance("data_retention")
def test_every_data_set_has_a_rule(mlready: Project, mlready_evidence: Evidence) -> None:
    """The inventory says for each data set and log how long its personal data are kept."""
    from pytest_mlready.documents import inventory_mistakes
    from pytest_mlready.documents.retention import rules

    inventory = _inventory(mlready, mlready_evidence)
    sources = [*_tables(mlready), *mlready.options(ITEM.id)["stores"]]
    covered = [source for source in sources if source in inventory_mistakes.SOURCES]
    if not covered:
        line = '[tool.mlready.data] train = "data/train.parquet"'
        mlready_evidence.unverified("there are no data that a rule could be about", fix=line)
    mlready_evidence.grade("static")
    verdict = rules.judge_rules(inventory, covered)
    mlready_evidence.conclude([verdict])
    if not any(rules.personal(inventory, source) for source in covered):
        mlready_evidence.not_applicable(f"{inventory.path} declares no personal field in {', '.join(covered)}")


@pytest.mark.compliance("data_retention")
def test_no_record_is_older_than_its_rule(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The oldest record of each data set with personal fields is within its period."""
    from pytest_mlready.documents.retention import rules

    inventory = _inventory(mlready, mlready_evidence)
    periods = {name: days for name in _tables(mlready) if (days := rules.period(inventory, name)) is not None}
    if not periods:
        mlready_evidence.not_applicable("no configured data set has personal fields with a period")
    mlready_evidence.grade("replayed")
    verdicts = [_age(mlready, name, days, request) for name, days in periods.items()]
    mlready_evidence.conclude(verdicts)


@pytest.mark.compliance("data_retention")
def test_deleted_subjects_are_nowhere(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """No data set, store or log holds a subject of the list of deleted ones."""
    from pytest_mlready.documents.retention import rules, search, subjects

    named = mlready.options(ITEM.id)["deleted"]
    if named is None:
        inventory = _inventory(mlready, mlready_evidence)
        if not any(rules.personal(inventory, name) for name in (*TABLES, "logs", "prompts")):
            mlready_evidence.not_applicable(f"{inventory.path} declares no personal field")
        step = f'keep keyed hashes of those who were deleted, and name the list: {SETTING} deleted = "…"'
        mlready_evidence.inconclusive(f"no deletion drill: no list of deleted subjects is named. Next step: {step}")
    wanted = subjects.read(mlready.file(named, "the list of deleted subjects"), os.environ)
    mlready_evidence.grade("replayed")
    mlready.progress("looking for deleted subjects")
    searched = [*_searched_tables(mlready, wanted, request), *_searched_stores(mlready, wanted)]
    mlready.progress("")
    if not searched:
        mlready_evidence.inconclusive(
            "no data and no `stores` are configured in which deleted subjects could be looked for"
        )
    mlready_evidence.conclude([*search.judge(searched, wanted), *_left_out(mlready)])


def _inventory(mlready: Project, evidence: Evidence) -> Inventory:
    from pytest_mlready.documents import inventory

    named = mlready.settings.data.inventory
    line = '[tool.mlready.data] inventory = "data/inventory.yaml"'
    if named is None and mlready.options(ITEM.id)["deleted"] is not None:
        evidence.inconclusive(f"no data inventory says how long data are kept. Next step: {line}")
    if named is None:
        evidence.unverified("no data inventory is configured", fix=line)
    return inventory.read(mlready.file(named, "the data inventory"))


def _tables(mlready: Project) -> list[str]:
    return [name for name in TABLES if getattr(mlready.settings.data, name)]


def _age(mlready: Project, name: str, days: float, request: pytest.FixtureRequest) -> Verdict:
    """By the column with the time of collection; else by the day that the settings state; else unknown."""
    from pytest_mlready.documents.retention import ages, rules
    from pytest_mlready.values import Verdict

    options = mlready.options(ITEM.id)
    frame = request.getfixturevalue(f"mlready_{name}").frame
    shared = mlready.settings.data.time
    column = options["time"].get(name) or (shared if shared in frame.columns else None)
    if column is not None:
        return rules.judge_age(name, ages.of_column(frame, column, source=name), days, today=mlready.today)
    if name in options["since"]:
        return rules.judge_since(name, _day(name, options["since"][name]), days, today=mlready.today)
    step = f'name it: {SETTING} time = {{ {name} = "…" }}, or state the day: since = {{ {name} = "…" }}'
    told = f"{name}: no column tells when a record was collected. Next step: {step}"
    return Verdict(outcome="inconclusive", message=told)


def _day(name: str, value: Any) -> dt.date:
    import datetime as dt

    from pytest_mlready.errors import DataError

    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise DataError(f"`since` of {name} is {str(value)[:40]!r}", expected='a day such as "2026-11-24"') from None


def _searched_tables(mlready: Project, wanted: Subjects, request: pytest.FixtureRequest) -> list[Searched]:
    """The data sets of the settings; two roles of one file are one."""
    from pytest_mlready.documents.retention import search

    roles: dict[str, str] = {}
    for name in _tables(mlready):
        roles.setdefault(getattr(mlready.settings.data, name), name)
    frames = {name: request.getfixturevalue(f"mlready_{name}").frame for name in roles.values()}
    return [search.table(name, frame, wanted) for name, frame in frames.items()]


def _searched_stores(mlready: Project, wanted: Subjects) -> list[Searched]:
    from pytest_mlready.documents.retention import search

    found = []
    for store, named in mlready.options(ITEM.id)["stores"].items():
        patterns = [named] if isinstance(named, str) else [str(one) for one in named]
        functions = [one for one in patterns if _OBJECT.fullmatch(one)]
        paths = mlready.files([one for one in patterns if one not in functions], f"the store {store}")
        held = [path for path in paths if path.name.lower().endswith(TABLE_SUFFIXES)]
        found += [search.table(store, _frame(mlready, str(one)), wanted) for one in (*functions, *held)]
        if written := [path for path in paths if path not in held]:
            found.append(search.logs(store, written, wanted))
    return found


def _frame(mlready: Project, source: str) -> pl.DataFrame:
    from pytest_mlready import tables

    return tables.load(source, name="reference", root=mlready.root, roles={}).frame


def _left_out(mlready: Project) -> list[Verdict]:
    """Logs and prompts that the inventory knows of and nobody names: copies of personal data that were not searched."""
    from pytest_mlready.documents import inventory
    from pytest_mlready.values import Verdict

    named, stores = mlready.settings.data.inventory, mlready.options(ITEM.id)["stores"]
    known = inventory.read(mlready.path(named)) if named else None
    lost = [source for source in ("logs", "prompts") if known and known.covering(source) and source not in stores]
    step = f'Next step: {SETTING} stores = {{ logs = ["logs/*.jsonl"] }}'
    told = "the inventory covers {source}, and `stores` names none, so that they were not searched. {step}"
    return [Verdict(outcome="inconclusive", message=told.format(source=source, step=step)) for source in lost]
