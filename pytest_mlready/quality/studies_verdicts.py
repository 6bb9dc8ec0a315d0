"""Judges a search: what it varied, and whether its winner is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import near
from pytest_mlready.quality import studies
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.quality.studies import Setting, Study
    from pytest_mlready.quality.studies_agreed import Agreed
    from pytest_mlready.quality.studies_deployed import Deployed

ROUNDING = 1e-12


def searched(study: Study, agreed: Agreed) -> list[Verdict]:
    """Whether every tunable took at least two values, and enough trials ended with a score.

    k numbers can be varied one at a time, down and up, in 2 k + 1 trials: the fewest that can put a winner inside its
    range. A choice without an order needs one trial beside the first. That number is a convention.
    """
    names = agreed.names(study)
    scored = sum(t.score is not None for t in study.trials)
    states = {s: sum(t.state == s for t in study.trials) for s in ("pruned", "failed", "running")}
    ended = ", ".join(f"{n} {state}" for state, n in states.items() if n) or "all ended with one"
    least = agreed.min_trials if agreed.min_trials is not None else 1 + sum(map(_steps, map(study.values, names)))
    noted = Measurement(name="trials with a score", value=scored, min=least, n=len(study.trials), note=ended)
    verdicts = [_enough(study, scored, least, noted)]
    if not scored:
        return verdicts
    if not names:
        message = f"{study.source} varied nothing: every hyperparameter has one value in all {len(study.trials)} trials"
        return [*verdicts, Verdict(outcome="failed", message=message)]
    return [*verdicts, *(_varied(study, name) for name in names)]


def _steps(values: Sequence[Any]) -> int:
    return 1 if values and not any(map(studies.is_number, values)) else 2


def _enough(study: Study, scored: int, least: int, noted: Measurement) -> Verdict:
    if not scored:
        message = f"no trial of {study.source} ended with a finite {study.score or 'score'}"
        return Verdict(outcome="inconclusive", message=message, measurements=(noted,))
    if scored < least:
        message = f"{study.source} has {scored} trials with a score, and at least {least} are asked for (min_trials)"
        return Verdict(outcome="failed", message=message, measurements=(noted,))
    return Verdict(outcome="passed", message=f"{scored} trials", measurements=(noted,))


def _varied(study: Study, name: str) -> Verdict:
    values = study.values(name)
    listed = ", ".join(shown(v) for v in values[:8]) + (" …" if len(values) > 8 else "")
    noted = (Measurement(name=f"values of {name} that were tried", value=len(values), min=2, note=listed),)
    if len(values) >= 2:
        return Verdict(outcome="passed", message=f"{name}: {listed}", measurements=noted)
    found = f"had one value in all trials, {listed}" if values else f"is in no trial{near(name, study.names)}"
    message = f"{name} was not searched: it {found}. Next step: vary it, or take it out of tunables"
    return Verdict(outcome="failed", message=message, measurements=noted)


def won(study: Study, deployed: Deployed, agreed: Agreed) -> Verdict:
    """Whether the deployed setting is the best one, or as good as it within what the noise of the scores allows.

    That is one standard error of the best score (Breiman, Friedman, Olshen, Stone 1984, section 3.4.3), where the
    scores of folds, their standard deviation with the number of folds, or repeated trials tell it; otherwise nothing.

    Raises:
        ValueError: The study does not say whether more is better.
    """
    if study.greater is None:
        raise ValueError("the direction is not known")
    names = agreed.names(study)
    if deployed.doubts:
        return Verdict(outcome="inconclusive", message="; ".join(deployed.doubts.values()))
    tried = studies.settings(study, names, agreed.folds)
    scored = [s for s in tried if s.score is not None]
    if not scored or not names:
        return Verdict(outcome="inconclusive", message=f"{study.source} holds no setting with a score")
    sign = 1 if study.greater else -1
    best = max(scored, key=lambda s: sign * _score(s))
    if len(tried) > 1 and len({t.score for t in study.trials if t.score is not None}) == 1:
        message = (
            f"all {len(scored)} settings have the same score, {_score(best):g}: the search tells none from another"
        )
        return Verdict(outcome="inconclusive", message=message)
    ours = _those(tried, deployed.values)
    if not ours:
        return _never_tried(deployed, best, names)
    mine = max((s for s in ours if s.score is not None), key=lambda s: sign * _score(s), default=None)
    if mine is None:
        message = f"the deployed setting ({told(deployed.values)}) ended in no trial with a score"
        return Verdict(outcome="failed", message=message)
    return _compared(study, mine, best, agreed)


def _score(setting: Setting) -> float:
    assert setting.score is not None  # of those that have one
    return setting.score


def _those(tried: Sequence[Setting], values: Mapping[str, Any]) -> list[Setting]:
    """The settings that are the deployed one; of a trial that did not have a hyperparameter it says nothing.

    Where some had more of them in common, those with fewer are others.
    """
    fit = [s for s in tried if s.params and all(studies.deployed_as(v, values[name]) for name, v in s.params.items())]
    most = max((len(s.params) for s in fit), default=0)
    return [s for s in fit if len(s.params) == most]


def _never_tried(deployed: Deployed, best: Setting, names: Sequence[str]) -> Verdict:
    differ = [n for n in names if n in best.params and not studies.deployed_as(best.params[n], deployed.values[n])]
    there = "; ".join(
        f"{n} is {shown(deployed.values[n])} in {deployed.source}, {shown(best.params[n])} won" for n in differ
    )
    message = f"the deployed setting was never tried: {there}. Next step: train with the setting that won"
    return Verdict(outcome="failed", message=message)


def _compared(study: Study, mine: Setting, best: Setting, agreed: Agreed) -> Verdict:
    allowed = agreed.tolerance if agreed.tolerance is not None else (best.error or 0.0)
    sign = 1 if study.greater else -1
    short = sign * (_score(best) - _score(mine))
    limit = _score(best) - sign * allowed
    noted = (
        Measurement(name=f"best {study.score or 'score'}", value=_score(best), note=told(best.params)),
        Measurement(
            name=f"{study.score or 'score'} of the deployed setting", value=_score(mine),
            min=limit if study.greater else None, max=None if study.greater else limit, note=told(mine.params),
        ),
    )  # fmt: skip
    seen = f"{_score(mine):.6g}, the best {_score(best):.6g}"
    if short <= allowed + ROUNDING * abs(_score(best)):
        what = "won" if short <= 0 else f"is as good as the winner within {allowed:.2g}"
        return Verdict(outcome="passed", message=f"the deployed setting {what}: {seen}", measurements=noted)
    noise = f"more than the {allowed:.2g} that is allowed" if allowed else "and nothing on record tells their noise"
    message = (
        f"the deployed setting ({told(mine.params)}) did not win: {seen} with {told(best.params)}; it is {short:.2g} "
        f"worse, {noise}. Next step: deploy the winner, or say what noise the scores have (folds, sd, tolerance)"
    )
    return Verdict(outcome="failed", message=message, measurements=noted)


def told(params: Mapping[str, Any]) -> str:
    """Values of hyperparameters, for a message."""
    return ", ".join(f"{name} = {shown(value)}" for name, value in params.items())


def shown(value: Any) -> str:
    """One value, for a message."""
    return f"{value:g}" if studies.is_number(value) else str(value)[:60]
