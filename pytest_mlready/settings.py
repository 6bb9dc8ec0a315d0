"""Reads [tool.mlready] or mlready.toml once, into one frozen object, and reports every mistake at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pytest_mlready import settings_file
from pytest_mlready.errors import SettingsError
from pytest_mlready.kinds import (
    AnyTable,
    Date,
    Duration,
    Fraction,
    Function,
    Positive,
    Scalar,
    Size,
    Strings,
    Subgroups,
    Words,
    about,
    as_tuple,
    reader,
)  # fmt: skip
from pytest_mlready.settings_file import find as find  # noqa: PLC0414 - part of this module's face

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.catalog import Item

Task = Literal["binary-classification", "multiclass-classification", "regression", "ranking", "text-generation"]
Convention = Literal["open-inference", "mlflow", "torchserve", "tf-serving", "bentoml", "openai"]
WHERE = '.parquet, .csv, .csv.gz, .arrow or "module:function"'


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Latency(Table):
    p50: Duration | None = about("Limit on the median time of one call.")
    p95: Duration | None = about("Limit on the 95th percentile.")
    p99: Duration | None = about("Limit on the 99th percentile.")
    batch: int = Field(default=1, ge=1, description="Rows in one call.")
    calls: int = Field(default=2000, ge=1, description="Timed calls; an upper bound on p99 needs at least 299.")


class ModelTable(Table):
    path: str | None = about('.skops .joblib .pkl .onnx .ubj .txt, models:/name@alias, an URL, or "module:function".')
    production: str | None = about("The model now live, in the same forms as path.")
    first_release: Words | None = about("Reason why there is no production model yet.")
    max_size: Size | None = about("Limit on the artifact's size.")
    max_load_time: Duration | None = about("Limit on the time to load the model.")
    max_memory: Size | None = about("Limit on the peak memory of loading and predicting.")
    latency: Latency | None = about("Limits on the time of a prediction.")
    frame: Literal["pandas", "polars", "numpy"] | None = about("The kind of table the model is given.")
    trust: Strings = about("sha256 digests of artifacts that are accepted although the scan objects.", ())
    trusted_types: Strings = about("skops: types of the team's own, by dotted name.", ())


class DataTable(Table):
    train: str | None = about(f"Training data: {WHERE}.")
    heldout: str | None = about(f"Held-out data: {WHERE}.")
    reference: str | None = about(f"Data of the time the model was released: {WHERE}.")
    current: str | None = about(f"Data of now: {WHERE}.")
    target: str | None = about("Column with the true outcome.")
    positive: Scalar | None = about("The positive class of a binary task.")
    subgroups: Subgroups = about(
        'Columns whose groups are judged; ["sex", "race"] inside the list is their intersection.', ()
    )
    drop: Strings = about("Columns that the model does not get.", ())
    text: Strings = about("Columns of free text.", ())
    id: str | None = about("Column that identifies a row.")
    group: str | None = about("Column whose values must not be in both train and held-out.")
    cluster: str | None = about("Column whose rows are not independent of one another; intervals widen accordingly.")
    time: str | None = about("Column with the time of a row.")
    weight: str | None = about("Column with the weight of a row.")
    inventory: str | None = about("Data inventory (YAML, JSON or TOML): personal fields, purpose, basis, retention.")


class Metric(Table):
    min: float | None = about("Lower limit on the held-out set.")
    max: float | None = about("Upper limit on the held-out set.")
    subgroup_min: float | None = about("Lower limit in every subgroup.")
    subgroup_max: float | None = about("Upper limit in every subgroup.")
    margin: Annotated[float, Field(ge=0)] | None = about(
        "How much worse than production is still accepted; relative for errors such as RMSE."
    )
    function: Function | None = about('"module:function" of (y_true, y_pred), returning a number.')
    greater_is_better: bool | None = about("For functions: whether more is better.")


class Auth(Table):
    header: str = about("Header that carries the credential.", "Authorization")
    scheme: str | None = about('Put before the credential: "Bearer" where the header is Authorization; "" for none.')
    env: str | None = about("Environment variable that holds the good credential.")
    expired_env: str | None = about("Environment variable with a credential that has expired.")
    wrong_scope_env: str | None = about("Environment variable with a credential that may not ask for predictions.")
    other_tenant_env: str | None = about("Environment variable with a valid credential of another tenant.")
    credentials: Function | None = about(
        '"module:function" of (environment of the service), returning credentials by kind: good, expired, '
        "wrong_scope, other_tenant."
    )


class Slo(Table):
    p50: Duration | None = about("Objective for the median response time.")
    p95: Duration | None = about("Objective for the 95th percentile.")
    p99: Duration | None = about("Objective for the 99th percentile.")
    errors: Fraction | None = about("Share of requests that may fail, 0 to 1.")


class EndpointTable(Table):
    start: str | None = about(
        "Command that starts the service on loopback, run without a shell; {port} stands for a free port, {port_NAME} "
        "for further ones, {model} for the model's path."
    )
    url: str | None = about("Address of a service that runs already.")
    convention: Convention | None = about("Protocol that the service speaks; found out when left out.")
    predict: str | None = about('Method and path of a prediction, such as "POST /predict".')
    example: str | None = about("File with the body of one good request (JSON).")
    expect: str | None = about("File with what the answer to the example must hold (JSON; more may be in the answer).")
    openapi: str | None = about('OpenAPI document: a path on the service, such as "/openapi.json", or a file.')
    auth: Auth | None = about("How requests are authenticated.")
    env: dict[str, str] = about("Environment variables of the started service.", {})
    secrets: Strings = about(
        "Environment variables that the run makes up for the service it starts, where they are not set.", ()
    )
    without_model: dict[str, str] = about(
        "Environment variables with which the service starts without its model; not needed with {model} in start.", {}
    )
    side: Strings = about('URLs of side ports, such as "http://127.0.0.1:{port_metrics}/metrics".', ())
    start_limit: Duration = about("Time within which the service must be ready.", 60.0)
    stop_limit: Duration = about("Time within which it must end when told to.", 10.0)
    peak_rps: Positive | None = about("Expected peak, in requests a second.")
    slo: Slo | None = about("Service level objectives.")
    ready: str | None = about("Path of the readiness endpoint.")
    live: str | None = about("Path of the liveness endpoint.")
    allow_hosts: Strings = about("Hosts beyond loopback that load may be sent to.", ())
    may_change_state: bool = about("Checks that change state may run against the allowed hosts.", default=False)


class DeployTable(Table):
    manifests: Strings = about("Production manifests, rendered: files, folders, globs; those found when left out.", ())
    staging: Strings = about("Staging manifests, rendered: files, folders or globs.", ())
    workload: str | None = about("Name of the Deployment, InferenceService or compose service that serves the model.")
    images: Strings = about("Saved images (docker save, OCI archive): files or globs; those found when left out.", ())
    shipped: Strings = about("Further files that ship with the model: files, folders or globs.", ())


class EntryPointsTable(Table):
    train: Function | None = about(
        '"module:function" of (rows, *, seed, folder), returning the path of the artifact it wrote in the folder; with '
        "`steps` as a further keyword it trains so many steps only."
    )
    features: Function | None = about(
        '"module:function" of (rows), returning a feature row for each raw row, in order.'
    )
    explain: Function | None = about(
        '"module:function" of (example), returning {baseline, contributions, link}, which recompose to the prediction; '
        "with `model` as a keyword it is given the artifact's path."
    )
    pipeline: str | None = about(
        "Command from raw data to a served prediction; {rows}, {folder} and {port} stand for the rows to take, the "
        "folder to write to and a free port."
    )
    gate: str | None = about("Command of the team's own gate on {model}: it ends with 0 to let the model through.")
    frame: Literal["pandas", "polars"] | None = about("The kind of table that they are given; pandas where installed.")
    env: dict[str, str] = about("Environment variables that they need.", {})
    time_limit: Duration = about("Time that one call may take.", 600.0)
    memory_limit: Size = about("Memory that one call may take.", 8_000_000_000)


class Waiver(Table):
    item: str = Field(description="Id of the item.")
    owner: Words = Field(description="Who answers for it.")
    reason: Words = Field(description="Why it is accepted for now.")
    expires: Date = Field(description="Last day.")


class Attestation(Table):
    item: str = Field(description="Id of the item.")
    by: Words = Field(description="Who says so.")
    role: Words = Field(description="In which role.")
    approver: Words = Field(description="Who approved it: someone else.")
    on: Date = Field(description="When it was said.")
    expires: Date = Field(description="Last day on which it holds.")
    statement: str | None = about("What is stated.")
    evidence: Words = Field(description="Path or link of the document that shows it.")
    sha256: str | None = about("Digest of a local document.")
    model_sha256: str | None = about("Scope: digest of the model that it is about.")
    versions: str | None = about('Scope: range of model versions, such as ">=3,<4".')
    open_conditions: Strings = about("Conditions not yet met; with any of them it does not hold.", ())


class Loosened(Table):
    what: Words = Field(description='What was loosened, as `pytest-mlready compare` names it: "metrics.roc_auc.min".')
    to: Scalar | Strings | None = about("The value that the reason is about.")
    reason: Words = Field(description="Why that is right.")


class GateTable(Table):
    min_score: Annotated[float, Field(ge=0, le=7)] | None = about("Least ML Test Score.")
    min_checklist: Fraction | None = about("Least share of the checklist's points, 0 to 1.")
    required: Strings = about('Items that must be verified, by id or glob: "security.*".', ())
    accept_attested: bool = about("An attestation satisfies `required`.", default=False)
    ratchet: str | None = about("Committed JSON report below which nothing may fall.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSettings:
    """What the settings say about one item beside its own options."""

    builtin: bool = True  # whether the built-in checks run
    reason: str = ""  # why not


class Settings(Table):
    system: str | None = about("Name in reports.")
    version: str | None = about("Version of the model under test, for attestations that hold for a range of versions.")
    task: Task | None = about("What the model does.")
    risk: Literal["minimal", "limited", "high"] | None = about("Decides which compliance items apply.")
    confidence: float = Field(
        default=0.95, ge=0, lt=1, description="Of every bound; 0 compares point estimates and says so."
    )
    model: ModelTable = about("The model under test and its limits.", ModelTable())
    data: DataTable = about("The data sets and the roles of their columns.", DataTable())
    metrics: dict[str, Metric] = about("Metrics by name, each with its limits.", {})
    endpoint: EndpointTable = about("The service that answers predictions.", EndpointTable())
    deploy: DeployTable = about("What is deployed: manifests, images, shipped files.", DeployTable())
    entry_points: EntryPointsTable = about("The team's own code that checks call.", EntryPointsTable())
    not_applicable: dict[str, Words] = about("Reason, by item id.", {})
    items: dict[str, AnyTable] = about("Options, by item id; builtin = false with a reason switches checks off.", {})
    waivers: Annotated[tuple[Waiver, ...], BeforeValidator(as_tuple)] = about("Accepted for now.", ())
    attestations: Annotated[tuple[Attestation, ...], BeforeValidator(as_tuple)] = about("A person's word.", ())
    gate: GateTable = about("What a run must reach.", GateTable())
    loosened: Annotated[tuple[Loosened, ...], BeforeValidator(as_tuple)] = about(
        "Reasons for policy that is looser than in the ratchet report.", ()
    )
    history: str | None = about("Folder of earlier JSON reports, for the trend in the HTML report.")
    rubrics: Strings = about("Files of further rubrics.", ())

    def item(self, item_id: str) -> ItemSettings:
        """Whether the item's built-in checks run, and the reason given."""
        table = self.items.get(item_id, {})
        return ItemSettings(builtin=table.get("builtin", True), reason=table.get("reason", ""))

    def options(self, item: Item) -> dict[str, Any]:
        """All options of an item: as set, else the default; durations in seconds, sizes in bytes, lists as tuples."""
        table = self.items.get(item.id, {})
        given = {o.name: (o.type, table.get(o.name, o.default)) for o in item.options}
        return {n: None if value is None else reader(kind).validate_python(value) for n, (kind, value) in given.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Settings and where they come from.

    Attributes:
        settings: All tables, with defaults filled in.
        path: The file; None when there is none.
        root: Folder that paths in the settings are relative to.
        sha256: Digest of the file's bytes; None when there is none.
    """

    settings: Settings
    path: Path | None
    root: Path
    sha256: str | None


def load(path: Path | None, *, items: Mapping[str, Item], root: Path | None = None) -> Loaded:
    """Reads and validates a settings file.

    Args:
        path: pyproject.toml, whose [tool.mlready] counts, or any other TOML file with the tables at its top level.
            None: all defaults.
        items: The catalogue, by id.
        root: Folder that paths are relative to when there is no file; the current one by default.

    Raises:
        SettingsError: the file cannot be read, or has mistakes; lists all of them.
    """
    if path is None:
        return Loaded(settings=Settings(), path=None, root=root or Path.cwd(), sha256=None)
    from pytest_mlready import mistakes

    text = settings_file.read(path)
    if found := mistakes.find(text.tables, items):
        raise SettingsError(mistakes.listing(found, text))
    settings = Settings.model_validate(text.tables)
    return Loaded(settings=settings, path=text.path, root=text.path.parent, sha256=text.sha256)


def json_schema(items: Mapping[str, Item]) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of mlready.toml and of the table [tool.mlready], for editors."""
    from pytest_mlready import settings_schema

    return settings_schema.build(Settings, items)
