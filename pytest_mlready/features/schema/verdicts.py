"""Judges a schema: whether it covers every input, accepts healthy data, and rejects damaged copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.errors import near
from pytest_mlready.features.schema.expectations import count, listed
from pytest_mlready.features.schema.mutants import KINDS
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_mlready.features.schema.expectations import Checked, Schema, Unread
    from pytest_mlready.features.schema.mutants import Kind
    from pytest_mlready.features.schema.trial import Trial, Tried

FEWEST = 30  # mutants, of more that are possible, below which a share says little; a convention
CONVERT = 'hand the batch to a library that knows them, in a function of yours: schema = "module:function"'
TIGHTEN: dict[Kind, str] = {
    "range": "state a minimum and a maximum near what can occur",
    "null": "forbid null, and require the input to be there",
    "category": "list the allowed categories",
    "type": "state the type, and do not convert what does not have it",
    "unit": "state a maximum that the next larger unit exceeds",
    "swap": "state bounds narrow enough to tell the columns apart",
}


def unread_of(schema: Schema, inputs: Iterable[str]) -> tuple[Unread, ...]:
    """What was not understood about the inputs, or about the table as a whole."""
    wanted = {"", *inputs}
    return tuple(one for one in schema.unread if one.column in wanted)


def coverage(schema: Schema, inputs: Sequence[str]) -> Verdict | None:
    """Whether the schema states something about every input; None where it is code and does not say.

    Args:
        schema: Of any form.
        inputs: The model's inputs.
    """
    covered = schema.about(inputs)
    if covered is None:
        return None
    lost = [name for name in inputs if name not in covered]
    unread = {one.column for one in schema.unread}
    odd = [name for name in lost if name in unread]
    measured = _covered(len(covered), len(inputs))
    if missing := [name for name in lost if name not in unread]:
        known = set(schema.known) - set(inputs)
        told = ", ".join(f"{name}{near(name, known).replace(';', ',')}" for name in missing[:20])
        message = (
            f"the schema ({schema.form}) states nothing about {len(missing)} of {count(len(inputs), 'input')}: {told}"
        )
        return Verdict(outcome="failed", message=f"{message}. Next step: add a rule for each", measurements=(measured,))
    if odd:
        message = f"all that the schema states about {', '.join(odd[:20])} was not understood. Next step: {CONVERT}"
        return Verdict(outcome="inconclusive", message=message, measurements=(measured,))
    message = f"the schema ({schema.form}) covers all {count(len(inputs), 'input')}"
    return Verdict(outcome="passed", message=message, measurements=(measured,))


def coverage_by_trial(trial: Trial, inputs: Sequence[str]) -> Verdict:
    """Whether code covers every input: it does where it rejected at least one mutant of that input alone."""
    alone = [one for one in trial.tried if len(one.columns) == 1]
    covered = {one.columns[0] for one in alone if one.rejected}
    tried = {one.columns[0] for one in alone}
    measured = _covered(len(covered & set(inputs)), len(inputs))
    if not trial.tried:
        return _undamaged(trial)
    if lost := [name for name in inputs if name in tried - covered]:
        message = f"no damage to {', '.join(lost[:20])} was rejected: the schema states nothing about it"
        return Verdict(outcome="failed", message=f"{message}. Next step: add a rule for each", measurements=(measured,))
    if odd := [name for name in inputs if name not in tried]:
        message = f"no mutant of {', '.join(odd[:20])} was possible, so that nothing tells whether the schema covers it"
        return Verdict(outcome="inconclusive", message=message, measurements=(measured,))
    message = f"damage to each of {count(len(inputs), 'input')} is rejected"
    return Verdict(outcome="passed", message=message, measurements=(measured,))


def _covered(covered: int, inputs: int) -> Measurement:
    return Measurement(name="inputs covered", value=covered / inputs if inputs else None, min=1.0, n=inputs)


def healthy(checked: Checked, *, what: str, tolerance: float, unread: Sequence[Unread]) -> Verdict:
    """Whether data that nobody damaged are accepted.

    Args:
        checked: What the schema said of them.
        what: "training" or "untouched held-out".
        tolerance: Share of rows that may be refused.
        unread: What of the schema could not be held against them.
    """
    measured = Measurement(name=f"{what} rows refused", value=checked.share, max=tolerance, n=checked.rows)
    if not checked.rows:
        return Verdict(outcome="inconclusive", message=f"there are no {what} rows to hold against the schema")
    if not checked.accepted(tolerance):
        message = f"{checked.broken:,} of {checked.rows:,} {what} rows are refused: {listed(checked.breaches)}"
        step = (
            "correct the data or the schema, whichever is wrong; `tolerance` is the share of rows that may be refused"
        )
        return Verdict(outcome="failed", message=f"{message}. Next step: {step}", measurements=(measured,))
    if unread:
        message = f"not understood, and so not held against the {what} rows: {listed(unread)}. Next step: {CONVERT}"
        return Verdict(outcome="inconclusive", message=message, measurements=(measured,))
    message = f"{checked.rows - checked.broken:,} of {checked.rows:,} {what} rows are accepted"
    return Verdict(outcome="passed", message=message, measurements=(measured,))


def damaged(trial: Trial, *, least: float, unread: Sequence[Unread]) -> Verdict:
    """Whether enough of the damaged copies are rejected.

    Args:
        trial: What became of each.
        least: Share of mutants that must be rejected.
        unread: What of the schema was not applied, and might have rejected more.
    """
    if not trial.tried:
        return _undamaged(trial)
    share = trial.rejected / len(trial.tried)
    measurements = (
        Measurement(name="mutants rejected", value=share, min=least, n=len(trial.tried), note=_drawn(trial)),
        *(_of_kind(kind, trial.tried) for kind in KINDS if any(one.kind == kind for one in trial.tried)),
    )
    message = f"{trial.rejected} of {count(len(trial.tried), 'mutant')} were rejected ({share:.0%})"
    if len(trial.tried) < min(trial.possible, FEWEST):
        message = f"{message}, too few of {trial.possible:,} possible ones. Next step: mutants = {FEWEST} or more"
        return Verdict(outcome="inconclusive", message=message, measurements=measurements)
    if share >= least:
        return Verdict(outcome="passed", message=message, measurements=measurements)
    accepted = {kind: [one.told for one in trial.tried if one.kind == kind and not one.rejected] for kind in KINDS}
    told = "; ".join(f"{kind}: {listed(those)}" for kind, those in accepted.items() if those)
    if unread:
        message = f"{message}, at least {least:.0%} must be; this is without what was not understood: {listed(unread)}"
        return Verdict(outcome="inconclusive", message=f"{message}. Next step: {CONVERT}", measurements=measurements)
    steps = "; ".join(TIGHTEN[kind] for kind in KINDS if accepted[kind])
    message = f"{message}, at least {least:.0%} must be. Accepted: {told}. Next step: {steps}"
    return Verdict(outcome="failed", message=message, measurements=measurements)


def picture(trial: Trial) -> dict[str, object]:
    """Data of the bars: share of mutants rejected, by kind."""
    kinds = [kind for kind in KINDS if any(one.kind == kind for one in trial.tried)]
    shares = [_of_kind(kind, trial.tried).value for kind in kinds]
    return {"labels": kinds, "values": shares, "unit": ""}


def _of_kind(kind: Kind, tried: Sequence[Tried]) -> Measurement:
    those = [one for one in tried if one.kind == kind]
    lost = [one.told for one in those if not one.rejected]
    return Measurement(
        name=f"mutants rejected: {kind}", value=1 - len(lost) / len(those), n=len(those),
        note=f"accepted: {listed(lost, 4)}" if lost else "",
    )  # fmt: skip


def _drawn(trial: Trial) -> str:
    return f"drawn from {trial.possible:,}" if trial.possible > len(trial.tried) else ""


def _undamaged(trial: Trial) -> Verdict:
    """Nothing was tried: either the batch is refused as it is, or nothing could be damaged."""
    if trial.healthy.accepted(trial.tolerance):
        message = "no mutant is possible: no input has a range, a category or a type that could be broken visibly"
    else:
        message = (
            "the training batch is refused before it is damaged, so that refusing a mutant would mean nothing: "
            f"{listed(trial.healthy.breaches)}"
        )
    return Verdict(outcome="inconclusive", message=message)
