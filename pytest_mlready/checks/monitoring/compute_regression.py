"""Asks whether the release costs more time or memory than the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import side_by_side

if TYPE_CHECKING:
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.regression import Costs
    from pytest_mlready.values import Dataset, Verdict

ITEM = Item(
    id="monitoring.compute_regression",
    title="No regression in speed, throughput or memory",
    question="Is this release as fast and as lean as the one before, in serving and in training?",
    why=(
        "Each release may be 3 % slower and pass its absolute limit, until one peak finds it 40 % slower than a year "
        "ago. Bigger features, a changed library or a lost vectorisation rarely show in quality metrics. Measurements "
        "from different days differ by more than the change that you look for."
    ),
    looks_at=(
        "Candidate and production model (`production` under [tool.mlready.model]), each in a fresh process that sleeps "
        "while the other one runs, in alternating order: median and 95th percentile of single calls, the time that "
        "many rows take together (throughput), and the memory that loading and predicting add to a fresh process. "
        "Training: `train` under [tool.mlready.entry_points] and `previous_train`, in turns on the same rows. The "
        "median of the paired ratios is judged with bounds by order statistics: it passes when the upper bound is at "
        "most 10 % more and the candidate is within its budgets (latency and max_memory of [tool.mlready.model], "
        "min_throughput, max_training_time), fails when the lower bound is more or a budget is missed, and is "
        "inconclusive in between, beside other xdist workers, and where both are the same "
        "artifact or the same training. A "
        "deliberate increase goes into `accepted` with figure, ratio, version and reason: it holds for that version "
        "alone, needs an absolute budget of the figure, and is said in the message. Or runs that "
        "pytest-benchmark saved: the newest against the one before of another commit on the same machine; runs of "
        "different machines are inconclusive. Where `train` is configured and `previous_train` is not, training is "
        "inconclusive: nothing says what it cost before. No production model and no saved runs are unverified; a first "
        "release has nothing to compare with. The slow leak over many releases, each below the limit, is for the "
        "team's own series of figures."
    ),
    how_to_fix=(
        "Keep the previous artifact at hand as `production`, and the function that trained it as `previous_train`. "
        "When it is slower, profile before you raise the budget; when the increase is meant, write it under `accepted` "
        "with its reason. Inconclusive: a quiet machine, `pytest --mlready-only` without -n, more `rounds`. Record "
        "each release's figures with hardware and versions in one series, and alert on the same figures per version."
    ),
    attestation=(
        "The two versions and their digests, machine, method and number of rounds, the four figures with intervals, "
        "budgets, and the trend over past releases."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Monitor 6: computing performance has not regressed",
        "pytest-benchmark documentation, Comparing past runs",
        "Gregg 2020, Systems Performance",
        "Hahn and Meeker 1991, Statistical Intervals, section 5.2 (distribution-free bounds of a median)",
    ),
    options=(
        Option(name="limit", type="fraction", default=0.1, doc="Greatest increase, as a share (a convention)."),
        Option(name="rounds", type="integer", default=30, doc="Turns of each model."),
        Option(name="time_budget", type="duration", default=20.0, doc="Time for all turns together."),
        Option(name="rows", type="integer", default=1000, doc="Rows of the call that throughput is measured by."),
        Option(name="method", type="string", default="predict", doc='What is timed: "predict" or "predict_proba".'),
        Option(
            name="threads", type="integer", default=1,
            doc="Threads of numerical libraries in both processes (OMP_NUM_THREADS and the like); 0: as they come.",
        ),
        Option(name="repeats", type="integer", default=5, doc="Fresh processes of each model, for memory."),
        Option(name="load_limit", type="duration", default=300.0, doc="Time after which a process is given up."),
        Option(
            name="previous_train", type="string", default=None,
            doc='The previous release\'s training: "module:function" with the signature of train.',
        ),
        Option(name="training_rounds", type="integer", default=5, doc="Trainings of each; 5 are the fewest."),
        Option(name="training_rows", type="integer", default=50_000, doc="Rows that one training takes at most."),
        Option(name="min_throughput", type="number", default=None, doc="Absolute budget: least rows a second."),
        Option(name="max_training_time", type="duration", default=None, doc="Absolute budget of one training."),
        Option(
            name="accepted", type="tables", default=(),
            doc='Deliberate increases: { figure = "latency p50", ratio = 2.0, version = "2.0.0", reason = "…" }.',
        ),
        Option(
            name="benchmarks", type="string", default=None,
            doc="Folder with runs that pytest-benchmark saved; .benchmarks where there is one.",
        ),
    ),
)  # fmt: skip


@pytest.mark.monitoring("compute_regression")
def test_serving_is_as_fast_as_before(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """Latency and throughput of candidate and production, in turns on one machine."""
    from pytest_mlready.artifacts import turns
    from pytest_mlready.quality import timing

    _alone(mlready, mlready_evidence)
    subjects = side_by_side.subjects(mlready, mlready_evidence, request)
    options, heldout = mlready.options(ITEM.id), request.getfixturevalue("mlready_heldout")
    latency = mlready.settings.model.latency
    plan = turns.Plan(
        rows=side_by_side.rows(mlready, heldout, options["rows"]), batch=latency.batch if latency else 1,
        rounds=options["rounds"], budget=options["time_budget"], method=side_by_side.method(options["method"]),
        threads=options["threads"], folder=mlready.root, limit=options["load_limit"],
    )  # fmt: skip
    mlready_evidence.grade("replayed")
    ours, theirs = turns.in_turns(subjects, plan, progress=mlready.progress)
    for name, side in (("candidate", ours), ("previous", theirs)):
        mlready_evidence.record(f"rows a second, {name}", plan.rows.height / min(turn.bulk for turn in side))
    verdicts = [_judged(mlready, costs) for costs in side_by_side.costs(ours, theirs)]
    limits = {name: getattr(latency, name, None) for name in timing.QUANTILES}
    calls = [seconds for turn in ours for seconds in turn.singles]
    verdicts += timing.judge(calls, limits, confidence=mlready.confidence)
    if (least := options["min_throughput"]) is not None:
        bulk = [turn.bulk for turn in ours]
        name, limit = f"time of {plan.rows.height:,} rows", plan.rows.height / least
        verdicts.append(timing.judge_largest(name, bulk, limit, unit="s", setting=f"min_throughput ({least:g} rows/s)"))
    mlready_evidence.conclude(verdicts)


@pytest.mark.monitoring("compute_regression")
def test_memory_is_as_before(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """What loading and predicting add to a fresh process, candidate and production in turns."""
    from pytest_mlready.quality import timing
    from pytest_mlready.quality.regression import Costs

    subjects = side_by_side.subjects(mlready, mlready_evidence, request)
    options, latency = mlready.options(ITEM.id), mlready.settings.model.latency
    rows = side_by_side.rows(mlready, request.getfixturevalue("mlready_heldout"), latency.batch if latency else 1)
    mlready_evidence.grade("replayed")
    found: tuple[list[int], list[int]] = ([], [])
    for _, i in side_by_side.order(options["repeats"]):
        added = side_by_side.added(mlready, subjects[i], rows, limit=options["load_limit"])
        if added is None:
            mlready_evidence.inconclusive("this system does not tell a process's peak memory (VmHWM, ru_maxrss)")
        found[i].append(added)
    verdicts = [_judged(mlready, Costs(figure="memory", candidate=found[0], previous=found[1], unit="bytes"))]
    limit = mlready.settings.model.max_memory
    if limit is not None:
        verdicts.append(timing.judge_largest("memory added", found[0], limit, unit="bytes", setting="max_memory"))
    mlready_evidence.conclude(verdicts)


@pytest.mark.monitoring("compute_regression")
def test_training_takes_as_long_as_before(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The team's training and that of the previous release, in turns on the same rows."""
    from pytest_mlready.quality import timing
    from pytest_mlready.quality.regression import Costs
    from pytest_mlready.team import entry_points

    entry_points.named(mlready, "train")
    options = mlready.options(ITEM.id)
    if not options["previous_train"]:
        line = f'[tool.mlready.items."{ITEM.id}"] previous_train = "train:previous"'
        mlready_evidence.inconclusive(f"nothing says what the previous release's training costs. Next step: {line}")
    if options["previous_train"] == mlready.settings.entry_points.train:
        mlready_evidence.inconclusive(
            f"previous_train is train itself ({options['previous_train']}): a training takes as long as itself. "
            "Next step: keep the previous release's training under a name of its own"
        )
    _alone(mlready, mlready_evidence)
    mlready_evidence.grade("replayed")
    train: Dataset = request.getfixturevalue("mlready_train")
    rows, most = train.frame, options["training_rows"]
    if rows.height > most:
        rows = rows.sample(most, seed=mlready.seed(f"{ITEM.id}.rows"))
    ours, theirs = side_by_side.trainings(mlready, options["previous_train"], rows, rounds=options["training_rounds"])
    verdicts = [_judged(mlready, Costs(figure="training time", candidate=ours, previous=theirs))]
    if (limit := options["max_training_time"]) is not None:
        verdicts.append(timing.judge_largest("training time", ours, limit, unit="s", setting="max_training_time"))
    mlready_evidence.conclude(verdicts)


@pytest.mark.monitoring("compute_regression")
def test_saved_benchmarks_are_as_fast_as_before(mlready: Project, mlready_evidence: Evidence) -> None:
    """The newest run that pytest-benchmark saved against the one before, on the same machine."""
    from pytest_mlready.quality import saved_runs

    options = mlready.options(ITEM.id)
    folder = (
        mlready.file(options["benchmarks"], "the folder") if options["benchmarks"] else mlready.root / ".benchmarks"
    )
    files = sorted(folder.rglob("*.json")) if folder.is_dir() else [folder] if folder.is_file() else []
    if not files:
        line = "pytest --benchmark-autosave --benchmark-save-data at each release, on one machine"
        mlready_evidence.unverified("pytest-benchmark saved no runs here", fix=line)
    mlready_evidence.grade("static")
    newest, previous = saved_runs.pair([saved_runs.read(file) for file in files])
    mlready_evidence.record("saved runs compared", f"{newest.name} with {previous.name}")
    verdicts = saved_runs.judge(newest, previous, limit=options["limit"], confidence=mlready.confidence)
    mlready_evidence.conclude(verdicts)


def _alone(mlready: Project, evidence: Evidence) -> None:
    if mlready.alone:
        evidence.inconclusive(f"{mlready.alone}: times mean nothing (run `pytest --mlready-only` without -n)")


def _judged(mlready: Project, costs: Costs) -> Verdict:
    from pytest_mlready.errors import DataError
    from pytest_mlready.quality import regression

    options, table = mlready.options(ITEM.id), mlready.settings.model
    accepted = regression.accepted(options["accepted"], mlready.settings.version).get(costs.figure)
    budgets = {
        "latency p50": table.latency, "latency p95": table.latency, "memory": table.max_memory,
        "throughput": options["min_throughput"], "training time": options["max_training_time"],
    }  # fmt: skip
    if accepted and budgets[costs.figure] is None:
        raise DataError(
            f"`accepted` takes more {costs.figure} without an absolute budget",
            fix="set latency and max_memory under [tool.mlready.model], min_throughput and max_training_time here",
        )
    found = regression.ratio(costs, confidence=mlready.confidence)
    return regression.judge(found, limit=options["limit"], accepted=accepted, confidence=mlready.confidence)
