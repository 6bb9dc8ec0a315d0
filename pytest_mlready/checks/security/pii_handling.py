"""Asks whether personal data in training data, logs and prompts are known and reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.documents.inventory import Inventory
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project

ITEM = Item(
    id="security.pii_handling",
    title="PII reviewed",
    question="Are all personal data in training data, logs and prompts known, justified and reviewed?",
    why=(
        "Personal data spread further than the inventory says: free-text fields hold names and card numbers, request "
        "logs hold what users typed, and large models can repeat training text word for word. What nobody declared "
        "nobody deletes, and a request for erasure or a breach brings it to light."
    ),
    looks_at=(
        "Every column of the data sets that the settings name, and every field of `logs` and `prompts` (JSON lines, or "
        "text), held against the data inventory (`inventory` in [tool.mlready.data]). A column counts as personal by "
        "its name (an e-mail address, a name, a customer's id, age, sex, occupation; race, religion, health and the "
        "other special categories) or by a sample of what stands in it: e-mail addresses, IBAN, payment cards, phone "
        "numbers, public IP addresses, US social security and UK NHS numbers, by form, checksum and, where digits "
        "fit by chance, by nearly the whole column; with presidio-analyzer, some national numbers and crypto wallets "
        "too. It fails on a column or field that is not declared (with its kind and share, never a value), on one that "
        "is declared not personal while its content says otherwise, on a special category declared as ordinary, and on "
        "a personal entry without purpose, basis, retention or owner, or a special one without a condition of Art. 9 "
        "(2). Without an inventory, what identifies people fails, and columns that only may describe them are "
        "inconclusive; so are fewer than 300 rows in which nothing was found. Nothing to scan, or no inventory and "
        "nothing found, is unverified. Names and addresses in free text are not recognised: no language model is "
        "loaded, and a scan cannot prove absence. Content by code earns half, a person's review of it the other half."
    ),
    how_to_fix=(
        "List each data set with its personal fields, purpose, basis, retention and owner in the inventory; fields of "
        "a suspicious name that are about no person get personal: false with why. Drop what the model does not need, "
        "and mask or tokenise the rest before training. Keep request bodies out of logs, or redact them at the source. "
        "Scan free text on a schedule and treat a new finding as an incident. Let privacy staff review the inventory."
    ),
    attestation=(
        "Who reviewed, by name and role, which datasets, logs and prompts, what personal data they hold, basis and "
        "retention, residual risk and open conditions."
    ),
    decided_by="both",
    sources=(
        "GDPR (Regulation (EU) 2016/679), Articles 5, 6, 9, 10 and 30",
        "NIST SP 800-122 (2010), Guide to Protecting the Confidentiality of Personally Identifiable Information",
        "Sweeney 2000, Simple Demographics Often Identify People Uniquely",
        "Breck et al. 2017, ML Test Score, Data 5: the data pipeline has appropriate privacy controls",
        "Carlini et al. 2021, Extracting Training Data from Large Language Models",
        "Hanley, Lippman-Hand 1983, If Nothing Goes Wrong, Is Everything All Right? (rule of three)",
    ),
    options=(
        Option(name="logs", type="strings", default=(), doc="Log files or globs: JSON lines or text, .gz too."),
        Option(name="prompts", type="strings", default=(), doc="Prompts and answers, in the same forms."),
        Option(
            name="sample", type="integer", default=10_000,
            doc="Rows of each source that are looked at; what is in 0.03 % of 10,000 is met with 95 % confidence.",
        ),
        Option(
            name="min_rows", type="integer", default=300,
            doc="Rows below which nothing found means nothing: 300 meet what is in 1 % with 95 % confidence.",
        ),
        Option(
            name="max_share", type="fraction", default=0.0,
            doc="Share of a column's values that may hold personal data by content without being declared.",
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'
TABLES = ("train", "heldout", "reference", "current")
INVENTORY_LINE = '[tool.mlready.data] inventory = "data/inventory.yaml"'


@pytest.mark.security("pii_handling")
def test_the_inventory_says_why_and_how_long(mlready: Project, mlready_evidence: Evidence) -> None:
    """Every field that is declared personal has a purpose, a basis, a retention period and an owner."""
    from pytest_mlready.documents import inventory_verdicts

    inventory = _inventory(mlready)
    if inventory is None:
        mlready_evidence.unverified("no data inventory is configured", fix=INVENTORY_LINE)
    mlready_evidence.grade("static")
    mlready_evidence.record("data inventory", mlready.settings.data.inventory)
    verdict = inventory_verdicts.judge_entries(inventory)
    mlready_evidence.conclude([verdict])
    options = mlready.options(ITEM.id)
    if not (_tables(mlready) or options["logs"] or options["prompts"]):
        told = f"{verdict.message}, and there is nothing to hold the inventory against"
        mlready_evidence.unverified(told, fix='[tool.mlready.data] train = "data/train.parquet"')


@pytest.mark.security("pii_handling")
def test_the_data_hold_no_undeclared_personal_data(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """No column of the configured data sets holds personal data that the inventory does not declare."""
    names = _tables(mlready)
    if not names:
        line = '[tool.mlready.data] train = "data/train.parquet"'
        mlready_evidence.unverified("no data are configured that could be scanned", fix=line)
    from pytest_mlready.quality import personal_data, presidio

    sample, recognise = mlready.options(ITEM.id)["sample"], presidio.recogniser()
    mlready_evidence.grade("replayed")
    scans = []
    for name in names:
        mlready.progress(f"looking for personal data in {name}")
        frame, seed = request.getfixturevalue(f"mlready_{name}").frame, mlready.seed(f"{ITEM.id}.{name}")
        scans.append(personal_data.scan_frame(frame, name, seed=seed, sample=sample, recognise=recognise))
    mlready.progress("")
    _conclude(mlready, mlready_evidence, scans)


@pytest.mark.security("pii_handling")
def test_logs_hold_no_undeclared_personal_data(mlready: Project, mlready_evidence: Evidence) -> None:
    """No field of the logs holds personal data that the inventory does not declare."""
    _conclude(mlready, mlready_evidence, [_records(mlready, mlready_evidence, "logs")])


@pytest.mark.security("pii_handling")
def test_prompts_hold_no_undeclared_personal_data(mlready: Project, mlready_evidence: Evidence) -> None:
    """No field of the prompts and answers holds personal data that the inventory does not declare."""
    _conclude(mlready, mlready_evidence, [_records(mlready, mlready_evidence, "prompts")])


def _inventory(mlready: Project) -> Inventory | None:
    from pytest_mlready.documents import inventory

    named = mlready.settings.data.inventory
    return inventory.read(mlready.path(named)) if named else None


def _tables(mlready: Project) -> list[str]:
    """The data sets that the settings name; two roles of one file are one."""
    named = {getattr(mlready.settings.data, name): name for name in reversed(TABLES)}
    return [name for name in TABLES if name in {role for source, role in named.items() if source}]


def _records(mlready: Project, evidence: Evidence, source: str) -> Any:
    """A scan of logs or prompts."""
    options = mlready.options(ITEM.id)
    if not options[source]:
        evidence.unverified(f"no {source} are named that could be scanned", fix=f'{SETTING} {source} = "…/*.jsonl"')
    from pytest_mlready.artifacts import inspection, patterns
    from pytest_mlready.quality import personal_data, presidio, records

    files = inspection.files(patterns.expand(options[source], root=mlready.root, setting=source))
    evidence.grade("replayed")
    mlready.progress(f"looking for personal data in {source}")
    read = records.read(files, seed=mlready.seed(f"{ITEM.id}.{source}"), sample=options["sample"])
    evidence.record(f"{source}: files", len(files), note="" if read.whole else "not read to their end: too large")
    found = personal_data.scan_fields(
        read.fields, source, rows=read.rows, total=read.total, recognise=presidio.recogniser()
    )
    mlready.progress("")
    return found


def _conclude(mlready: Project, evidence: Evidence, scans: Sequence[Any]) -> None:
    """Ends as the scans say; without an inventory, nothing found is not yet verified."""
    from pytest_mlready.documents import inventory_verdicts

    inventory, options = _inventory(mlready), mlready.options(ITEM.id)
    for scan in scans:
        if scan.cut:
            evidence.record(f"{scan.source}: values of which the beginning alone was looked at", scan.cut)
    limits = {"least_rows": options["min_rows"], "max_share": options["max_share"]}
    evidence.conclude([inventory_verdicts.judge_scan(inventory, scan, **limits) for scan in scans])
    if inventory is None:
        evidence.unverified("no personal data were found, and no data inventory says so", fix=INVENTORY_LINE)
