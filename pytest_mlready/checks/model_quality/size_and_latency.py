"""Asks whether the model is small and fast enough to be served."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.footprint import Footprint
    from pytest_mlready.values import Dataset, Model

FOOTPRINTS = pytest.StashKey["list[Footprint]"]()

ITEM = Item(
    id="model_quality.size_and_latency",
    title="Size and inference latency meet serving requirements",
    question="Do the model's size, load time, memory and latency meet what serving requires of them?",
    why=(
        "A model that needs more memory than its container is killed on the first request; one that loads slower than "
        "the start-up probe allows never comes up; one whose slow calls exceed the caller's time limit is down for "
        "those callers, whatever its mean. None of it shows in a quality metric, and all of it grows unnoticed from "
        "one training to the next."
    ),
    looks_at=(
        "Size: bytes of the artifact, a folder with all it holds. Load time and memory: a fresh process loads the "
        "model and predicts one batch, several times; load time includes every import and our own scan of the "
        "artifact, not the interpreter's start; memory is what loading and predicting add to the process's peak "
        "(VmHWM on Linux, ru_maxrss elsewhere). The largest run must be within the limit; when only the median is, "
        "the check is inconclusive. Latency: 2,000 calls of predict in this process through pytest-benchmark, on held-"
        "out rows in turn, after a warm-up; p50, p95, p99 pass when their upper bound by order statistics is within "
        "the limit, fail when the percentile itself is not, and are inconclusive in between or below 59 calls for p95 "
        "and 299 for p99. Calls are taken as independent: consecutive slow calls make the bound somewhat too low. It "
        "is inconclusive under xdist and with --benchmark-disable, where nothing can be timed. Each part without a "
        "limit is measured, reported and unverified. The network and the service around the model are not in these "
        "figures: infrastructure.load_test looks at them."
    ),
    how_to_fix=(
        "Set limits from the service's own: max_size, max_load_time, max_memory, latency under [tool.mlready.model]. "
        "Too large or slow to load: compress or prune, quantise, export to ONNX, drop training leftovers. Too slow: "
        "profile one call (much of a small scikit-learn model's time is spent on building frames), use fewer trees or "
        "smaller batches, pin threads. Inconclusive: run `pytest --mlready-only` without -n on a quiet machine, and "
        "raise latency.calls."
    ),
    attestation=(
        "The figures (size, load time, memory, p50, p95, p99), the hardware, batch size and calls, the limits "
        "and where they come from, the version of the model, and the date."
    ),
    lifetime_days=90,
    about_model=True,
    sources=(
        "Hahn and Meeker 1991, Statistical Intervals, section 5.2 (distribution-free bounds of a percentile)",
        "Reddi et al. 2020, MLPerf Inference Benchmark, ISCA (queries needed for a percentile)",
        "pytest-benchmark documentation, pedantic mode",
        "proc(5): VmHWM; getrusage(2): ru_maxrss",
    ),
    options=(
        Option(name="repeats", type="integer", default=5, doc="Fresh processes that load the model."),
        Option(name="load_limit", type="duration", default=300.0, doc="Time after which a fresh process is stopped."),
        Option(
            name="time_budget", type="duration", default=60.0,
            doc="Time for all latency calls together; a slower model gets fewer calls, and says so.",
        ),
        Option(name="method", type="string", default="predict", doc='What is timed: "predict" or "predict_proba".'),
    ),
)  # fmt: skip


@pytest.mark.model_quality("size_and_latency")
def test_artifact_size(mlready: Project, mlready_evidence: Evidence, mlready_model: Model) -> None:
    """The artifact's bytes are within max_size."""
    from pytest_mlready.quality import footprint, timing

    size = footprint.artifact_bytes(_artifact(mlready_model))
    limit = mlready.settings.model.max_size
    mlready_evidence.grade("replayed")
    if limit is None:
        mlready_evidence.record("artifact size", size, unit="bytes")
        _no_limit(
            mlready_evidence, f"the artifact has {timing.human_size(size)}", f'max_size = "{_rounded(size, 1e6)} MB"'
        )
    mlready_evidence.conclude([timing.judge_size(size, limit)])


@pytest.mark.model_quality("size_and_latency")
def test_load_time(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """Loading in a fresh process takes at most max_load_time."""
    seconds = [f.seconds for f in _footprints(mlready, request)]
    from pytest_mlready.quality import timing

    limit = mlready.settings.model.max_load_time
    mlready_evidence.grade("replayed")
    if limit is None:
        mlready_evidence.record("load time, largest", max(seconds), unit="s", n=len(seconds))
        line = f'max_load_time = "{_rounded(max(seconds), 1)} s"'
        _no_limit(mlready_evidence, f"loading takes up to {timing.human_time(max(seconds))}", line)
    mlready_evidence.conclude([timing.judge_largest("load time", seconds, limit, unit="s", setting="max_load_time")])


@pytest.mark.model_quality("size_and_latency")
def test_peak_memory(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """Loading and predicting add at most max_memory to a fresh process."""
    found = _footprints(mlready, request)
    from pytest_mlready.quality import timing

    added = [f.added for f in found if f.added is not None]
    if not added:
        mlready_evidence.inconclusive("this system does not tell a process's peak memory (neither VmHWM nor ru_maxrss)")
    mlready_evidence.grade("replayed")
    mlready_evidence.record("peak of the whole process", max(f.peak or 0 for f in found), unit="bytes", n=len(found))
    limit = mlready.settings.model.max_memory
    if limit is None:
        mlready_evidence.record("memory added", max(added), unit="bytes", n=len(added))
        line = f'max_memory = "{_rounded(max(added), 1e6)} MB"'
        _no_limit(mlready_evidence, f"loading and predicting add {timing.human_size(max(added))}", line)
    mlready_evidence.conclude([timing.judge_largest("memory added", added, limit, unit="bytes", setting="max_memory")])


@pytest.mark.model_quality("size_and_latency")
def test_latency(
    mlready: Project,
    mlready_evidence: Evidence,
    mlready_model: Model,
    mlready_heldout: Dataset,
    request: pytest.FixtureRequest,
) -> None:
    """Percentiles of single calls are within their limits, with confidence."""
    from pytest_mlready.quality import timing

    settings = mlready.settings.model.latency
    batch, wanted = (settings.batch, settings.calls) if settings else (1, 2000)
    call, batches = _calls(mlready, mlready_model, mlready_heldout, batch)
    if call(batches[0]) is None:
        mlready_evidence.inconclusive("the model gives no probabilities: there is no predict_proba to time")
    calls = timing.affordable_calls(wanted, timing.one_call(call, batches), mlready.options(ITEM.id)["time_budget"])
    seconds = _benchmark(request, mlready, call, batches, calls)
    limits = {name: getattr(settings, name, None) for name in timing.QUANTILES}
    found = timing.percentiles(seconds, confidence=mlready.confidence)
    mlready_evidence.grade("replayed")
    mlready_evidence.record("latency, second half against first (p95)", timing.stationarity(seconds), n=calls)
    mlready_evidence.plot("histogram", title="Latency", data={"values": seconds, "unit": "s", "limits": limits})
    if calls < wanted:
        mlready_evidence.record("calls", calls, note=f"of {wanted}: more do not fit time_budget")
    mlready_evidence.measure(timing.measurement(p) for p in found if limits[p.name] is None)
    if not any(limits.values()):
        told = ", ".join(f"{p.name} {timing.human_time(p.estimate)}" for p in found)
        line = f'latency = {{ p99 = "{_rounded(min(found[-1].upper, max(seconds)), 1e-3)} ms" }}'
        _no_limit(mlready_evidence, f"{calls} calls of {batch} rows take {told}", line)
    mlready_evidence.conclude(timing.judge(seconds, limits, confidence=mlready.confidence))


def _benchmark(
    request: pytest.FixtureRequest, mlready: Project, call: Callable[[Any], Any], batches: Sequence[Any], calls: int
) -> list[float]:
    """Seconds of each call, measured by pytest-benchmark, whose table and JSON show them too."""
    from pytest_mlready.errors import Inconclusive, MissingExtra
    from pytest_mlready.quality import timing

    try:
        benchmark = request.getfixturevalue("benchmark")
    except pytest.FixtureLookupError:
        raise MissingExtra("pytest-benchmark", "latency", "measuring latency") from None
    turn = itertools.cycle(batches)
    mlready.progress(f"latency: {calls:,} calls")
    warm = min(20, calls)
    benchmark.pedantic(call, setup=lambda: ((next(turn),), {}), rounds=calls, warmup_rounds=warm, iterations=1)
    mlready.progress("")
    if benchmark.stats is None:
        raise Inconclusive(
            "pytest-benchmark does not measure in this run (xdist, or --benchmark-disable)",
            fix="pytest --mlready-only without -n and without --benchmark-disable",
        )
    seconds = [float(s) for s in benchmark.stats.stats.data]
    for percentile in timing.percentiles(seconds, confidence=mlready.confidence):
        benchmark.extra_info[percentile.name] = percentile.estimate
    return seconds


def _calls(mlready: Project, model: Model, heldout: Dataset, batch: int) -> tuple[Callable[[Any], Any], list[Any]]:
    """What is timed, and up to 100 batches of held-out rows in the kind of frame the model takes."""
    from pytest_mlready.artifacts import frames
    from pytest_mlready.errors import DataError

    method = mlready.options(ITEM.id)["method"]
    if method not in ("predict", "predict_proba"):
        raise DataError(f'method is "{method}"', expected='"predict" or "predict_proba"')
    if not len(heldout):
        raise DataError("the held-out data have no rows", expected="rows to time the model on")
    X = heldout.X.sample(100 * batch, with_replacement=True, seed=mlready.seed(f"{ITEM.id}.latency"))
    kind: Any = getattr(model, "frame", "polars")  # frames are built before the clock starts: a service has its own way
    return getattr(model, method), [
        frames.given(X[i : i + batch], names=model.feature_names, kind=kind, loose=getattr(model, "loose_names", False))
        for i in range(0, X.height, batch)
    ]


def _footprints(mlready: Project, request: pytest.FixtureRequest) -> list[Footprint]:
    """Measured once a session, and only after the model was scanned and loaded here."""
    from pytest_mlready.errors import Inconclusive, NotApplicable

    model: Model = request.getfixturevalue("mlready_model")
    if model.kind == "http":
        raise NotApplicable("the model is a service: its memory and start-up are that of the service")
    if request.config.hook.pytest_mlready_load_model.get_hookimpls():
        raise Inconclusive(
            "a hook loads the model, which a fresh process cannot call",
            fix='name a file or "module:function" as `path` in [tool.mlready.model]',
        )
    if FOOTPRINTS not in request.config.stash:
        from pytest_mlready.quality import footprint

        heldout: Dataset = request.getfixturevalue("mlready_heldout")
        table, options = mlready.settings.model, mlready.options(ITEM.id)
        limited = table.max_load_time is not None or table.max_memory is not None
        keywords = {"frame": table.frame, "trust": table.trust, "trusted_types": table.trusted_types}
        request.config.stash[FOOTPRINTS] = footprint.measure(
            "pytest_mlready.reload:load",
            [model.source, str(mlready.root), keywords],
            rows=heldout.X.head(table.latency.batch if table.latency else 1),
            repeats=options["repeats"] if limited else 1,  # a number to start from, where nothing is asked yet
            folder=mlready.root,
            time_limit=options["load_limit"],
            progress=mlready.progress,
        )
    return request.config.stash[FOOTPRINTS]


def _artifact(model: Model) -> Path:
    from pathlib import Path

    from pytest_mlready.errors import NotApplicable

    if model.path is None:
        raise NotApplicable(f"the model has no artifact on disk ({model.kind}: {model.source})")
    return Path(model.path)


def _no_limit(evidence: Evidence, found: str, line: str) -> NoReturn:
    evidence.unverified(f"{found}, and no limit is set", fix=f"under [tool.mlready.model] write for example: {line}")


def _rounded(value: float, unit: float) -> str:
    """A little above the value, for an example of a limit: two digits."""
    return f"{float(f'{1.25 * value / unit:.1e}'):g}"
