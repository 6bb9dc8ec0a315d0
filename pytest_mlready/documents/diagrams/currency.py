"""Tells whether a diagram is of the time of the model: by the version that it states, else by their histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.documents.diagrams import naming
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.documents.diagrams.reading import Drawing
    from pytest_mlready.documents.history import History

STATE = "write into the diagram which version it shows, in a title or a comment: %% income 2.0.0"


def judge(
    drawings: Sequence[Drawing],
    *,
    system: str,
    version: str | None,
    diagram: Sequence[History | None],
    model: History | None,
) -> Verdict:
    """Whether the diagrams show this model.

    One that states the candidate's version does, one that states another does not. Otherwise the latest change of a
    diagram is held against the model's artifact: older than the commit that introduced it fails; younger than its
    last change passes; between the two, the model was replaced in its place since, and nothing tells whether the
    diagram still holds.

    Args:
        drawings: The diagrams.
        system: Name of the system.
        version: The candidate's version; None where it has none.
        diagram: Histories of the diagrams' files.
        model: History of the model's artifact.
    """
    where = ", ".join(d.path for d in drawings)
    stated = [naming.stated_version("\n".join(d.whole for d in drawings), system, version)] if version else [None]
    if stated[0] is True:
        return Verdict(outcome="passed", message=f"{where} states that it shows {version}")
    if stated[0] is False:
        return Verdict(outcome="failed", message=f"{where} states another version; the candidate is {version}")
    return _by_history(where, diagram, model)


def _by_history(where: str, diagram: Sequence[History | None], model: History | None) -> Verdict:
    known = [one for one in diagram if one is not None]
    if model is None or model.added is None or model.changed is None or not known:
        why = "the model's artifact is not in git" if known else "git tells no history (none, or a shallow clone)"
        told = f"whether {where} is of the time of this model is not known: {why}. Next step: {STATE}"
        return Verdict(outcome="inconclusive", message=told)
    if any(one.touched for one in known):
        return Verdict(outcome="passed", message=f"{where} was changed and is not committed yet")
    last = max((one.changed for one in known if one.changed), default=None)
    if last is None:
        return Verdict(outcome="inconclusive", message=f"no commit has {where}. Next step: commit it")
    measured = Measurement(
        name="diagram changed", value=last.isoformat(), note=f"model introduced {model.added.isoformat()}"
    )
    if last < model.added:
        told = f"{where} was changed last on {last:%Y-%m-%d}, before the model came on {model.added:%Y-%m-%d}"
        return Verdict(outcome="failed", message=f"{told}. Next step: redraw it", measurements=(measured,))
    if last < model.changed or model.touched:
        told = f"{where} is younger than the model, which was replaced in its place since. Next step: {STATE}"
        return Verdict(outcome="inconclusive", message=told, measurements=(measured,))
    return Verdict(outcome="passed", message=f"{where} changed with the model or after it", measurements=(measured,))
