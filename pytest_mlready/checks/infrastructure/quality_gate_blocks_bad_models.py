"""Asks whether the team's own gate stops a bad model and lets a good one through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_mlready.checks.sabotaging import Made, Workshop
    from pytest_mlready.evidence import Evidence
    from pytest_mlready.project import Project
    from pytest_mlready.quality.gate_trial import Answer, Trial
    from pytest_mlready.values import Model

ITEM = Item(
    id="infrastructure.quality_gate_blocks_bad_models",
    title="Model quality is validated before serving",
    question="Does your own gate stop a bad model and let a good one through?",
    why=(
        "A gate that was never seen to refuse anything may not be able to. Typical causes are a threshold compared the "
        "wrong way round, a step whose exit status is ignored, or a metric computed on the training set. It blesses "
        "each release until the first broken model, and then that one too."
    ),
    looks_at=(
        "Your gate itself, the command that `gate` under [tool.mlready.entry_points] names, run as a process on one "
        "model after another: 0 lets a model through, 1 to 125 (or `veto`) stops it. Six kinds of bad models are made "
        "of the candidate: noised weights, a constant answer and classes in the wrong order from the loaded model, "
        "written in its own format (skops, joblib, pickle, XGBoost, LightGBM); shuffled labels, a leaked target and "
        "old rows by your own training, where `train` is named. Each is measured first on the held-out rows: only one "
        "that confidently misses a limit under [tool.mlready.metrics], or without limits confidently lost half of "
        "the candidate's advantage over a constant answer (margin), must be stopped. It passes when the candidate is "
        "let through, so are an unharmed copy of it and a model trained anew (else a veto may be about the file), "
        "and every bad model is stopped, of at least two kinds. It fails when a bad model or a file cut in half gets "
        "through, or the candidate is stopped. An end by signal, by the time limit or by a Python traceback (but for a "
        "failed assertion, and for a `veto` of its own other than 1) is "
        "a crash and no veto: inconclusive, as are an unharmed copy that is stopped, and a "
        "constant model refused in the words for a file that cannot be read. Kinds that cannot be made are listed. No "
        "gate named is unverified."
    ),
    how_to_fix=(
        'Put the gate behind one command that takes a model path and answers by exit status: `gate = "python gate.py '
        '{model}"` under [tool.mlready.entry_points]. Let it compare with fixed thresholds and with the production '
        "model, on held-out data that training never reads, by labels and probabilities under their class names. "
        "Give the veto a status of its own, so that a crash is told apart. Run it in CI on each candidate."
    ),
    attestation=(
        "The gate's command, the sabotage tried, its answer to the bad and to the good model, where the veto stops the "
        "release, date and who ran it."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 4: model quality is validated before serving",
        "Zinkevich, Rules of Machine Learning, Rule 9: detect problems before exporting models",
    ),
    options=(
        Option(
            name="veto", type="integer", default=None,
            doc="Exit status of a veto; unset: any from 1 to 125 (from 126 on they are the shell's own).",
        ),
        Option(
            name="kinds", type="strings", default=(),
            doc="Kinds of bad models to try; unset: all six. Those of training take one training each.",
        ),
        Option(
            name="margin", type="fraction", default=0.5,
            doc="Where no metric has a limit: share of the candidate's advantage over a constant answer that a model "
            "must have lost to count as bad (a convention: so much that no gate has an excuse).",
        ),
        Option(name="train_rows", type="integer", default=50_000, doc="Rows that one training takes at most."),
        Option(
            name="stale", type="string", default=None,
            doc="An older model, in a format that the gate reads; unset: one trained on the oldest 5 % of the rows.",
        ),
    ),
)  # fmt: skip


@pytest.mark.infrastructure("quality_gate_blocks_bad_models")
def test_the_gate_stops_bad_models_and_no_good_one(
    mlready: Project, mlready_evidence: Evidence, mlready_model: Model, request: pytest.FixtureRequest
) -> None:
    """The team's own gate vetoes models that were spoilt on purpose, and blesses the candidate."""
    import tempfile
    from pathlib import Path

    from pytest_mlready.errors import ReadinessError
    from pytest_mlready.quality import gate_trial
    from pytest_mlready.team import entry_points

    if "{model}" not in (command := entry_points.named(mlready, "gate")):
        raise ReadinessError(
            f'gate = "{command}" has no {{model}}, so that it judges the same model whatever it is asked about',
            expected="a command that takes the path of the model",
            fix=f"{entry_points.TABLE} {entry_points.EXAMPLES['gate']}",
        )
    kinds = _kinds(mlready.options(ITEM.id)["kinds"])
    if mlready_model.path is None:
        found = f"the model has no artifact on disk ({mlready_model.kind}: {mlready_model.source})"
        mlready_evidence.inconclusive(f"{found}, which a gate could read")
    good = gate_trial.judge_good(_ask(mlready, mlready_model.path), "the candidate")
    if good.outcome != "passed":
        mlready_evidence.conclude([good])
    with tempfile.TemporaryDirectory(prefix="mlready-") as folder:
        workshop = _workshop(mlready, mlready_model, Path(folder), request)
        unreadable = _ask(mlready, str(workshop.unreadable()))
        trials = list(_trials(workshop, kinds, unreadable))
    verdicts = [good, *gate_trial.judge_bad(trials), *gate_trial.judge_unreadable(unreadable)]
    asked = [trial.answer.said for trial in trials if trial.answer is not None]
    mlready_evidence.record("bad models that the gate stopped", asked.count("vetoed"), n=len(asked))
    mlready_evidence.conclude(verdicts)


def _workshop(mlready: Project, model: Model, folder: Path, request: pytest.FixtureRequest) -> Workshop:
    from pytest_mlready.checks.sabotaging import Workshop
    from pytest_mlready.checks.touchstone import Touchstone

    options = mlready.options(ITEM.id)
    touchstone = Touchstone(
        project=mlready,
        heldout=request.getfixturevalue("mlready_heldout"),
        predictions=request.getfixturevalue("mlready_predictions"),
        margin=options["margin"],
    )
    return Workshop(
        project=mlready,
        model=model,
        touchstone=touchstone,
        folder=folder,
        request=request,
        train_rows=options["train_rows"],
        older=options["stale"],
    )


def _trials(workshop: Workshop, kinds: tuple[str, ...], unreadable: Answer) -> Iterator[Trial]:
    """Every kind of bad model, and what the gate says of it."""
    from pytest_mlready.quality.gate_trial import Trial
    from pytest_mlready.quality.sabotage import NotMadeError

    controls: dict[str, str] = {"": ""}
    for kind in kinds:
        workshop.project.progress(f"making a bad model for the gate: {kind}")
        try:
            made = workshop.make(kind)
            if made.wrong and made.control not in controls:
                controls[made.control] = _refused(workshop, made.control)
        except NotMadeError as why:
            yield Trial(kind=kind, made=f"not made: {why}")
            continue
        if not made.wrong:
            yield Trial(kind=kind, made=f"{made.how}: not clearly bad, so it need not be stopped")
            continue
        given = _answer(workshop, made, controls[made.control], unreadable)
        yield Trial(kind=kind, made=made.how, answer=given, measured=made.wrong)
    workshop.project.progress("")


def _refused(workshop: Workshop, by: str) -> str:
    """Why the gate refuses an unharmed model that was made in the same way; "" where it lets it through."""
    control = workshop.control(by)
    given = _ask(workshop.project, str(control.path))
    if given.said == "blessed":
        return ""
    if control.wrong:
        return f"{control.how} is itself bad ({control.wrong}): raise train_rows, or leave such kinds out of `kinds`"
    return f"the gate refuses {control.how} too ({given.why or given.words.strip()[-200:] or 'without a word'})"


def _answer(workshop: Workshop, made: Made, refused: str, unreadable: Answer) -> Answer:
    """What the gate says; a veto is none where it refuses unharmed models too, or does not read such a one."""
    from dataclasses import replace

    from pytest_mlready.quality import gate_trial

    given = _ask(workshop.project, str(made.path))
    if made.foreign:
        given = gate_trial.against_unreadable(given, unreadable)
    return replace(given, said="unclear", why=refused) if refused and given.said == "vetoed" else given


def _ask(mlready: Project, model: str) -> Answer:
    from pytest_mlready.quality import gate_trial
    from pytest_mlready.team import entry_points

    ran = entry_points.command(mlready, "gate", {"model": model}, what="the team's own gate")
    return gate_trial.answer(ran.code, ran.tail, veto=mlready.options(ITEM.id)["veto"])


def _kinds(wanted: Any) -> tuple[str, ...]:
    from pytest_mlready.checks.sabotaging import KINDS
    from pytest_mlready.errors import ReadinessError, near

    if unknown := [kind for kind in wanted if kind not in KINDS]:
        found = f'kinds names "{unknown[0]}"{near(unknown[0], KINDS)}'
        raise ReadinessError(found, expected=", ".join(KINDS))
    return tuple(wanted) or KINDS
