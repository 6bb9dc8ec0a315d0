"""Judges whether the winner of a search lies inside what was searched, and on what data it was selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.quality import studies
from pytest_mlready.quality.studies import Range
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pytest_mlready.quality.studies import Study
    from pytest_mlready.quality.studies_agreed import Agreed
    from pytest_mlready.quality.studies_deployed import Deployed

EDGE = 0.01  # share of a range that counts as its edge: a convention, for samplers that come close and never touch it


def inside(study: Study, deployed: Deployed, agreed: Agreed) -> list[Verdict]:
    """Whether each deployed number lies inside the range that was searched.

    Where no range is on record, it is that of the values tried. A grid that ends at the winner was stopped too early;
    of values that were drawn at random one is always the largest, which says nothing: inconclusive.
    """
    names = [n for n in agreed.names(study) if n in deployed.values and len(study.values(n)) > 1]
    verdicts = list(_placed(study, names, deployed.values, agreed))
    if deployed.doubts:
        verdicts.append(Verdict(outcome="inconclusive", message="; ".join(deployed.doubts.values())))
    if not verdicts:
        listed = ", ".join(names) or "nothing"
        message = f"no hyperparameter has an order that could end at an edge: {listed}"
        return [Verdict(outcome="passed" if names else "inconclusive", message=message)]
    return verdicts


def _placed(study: Study, names: Sequence[str], values: Mapping[str, Any], agreed: Agreed) -> Iterator[Verdict]:
    for name in names:
        tried = study.values(name)
        stated = agreed.ranges.get(name) or study.ranges.get(name)
        if not studies.is_number(values[name]) or (stated is None and not all(map(studies.is_number, tried))):
            continue
        bounds = stated or Range(low=float(min(tried)), high=float(max(tried)))
        yield _place(study, name, float(values[name]), bounds, agreed, known=stated is not None)


def _place(study: Study, name: str, value: float, bounds: Range, agreed: Agreed, *, known: bool) -> Verdict:  # noqa: PLR0913
    noted = (Measurement(name=f"{name}, deployed", value=value, min=bounds.low, max=bounds.high),)
    side = bounds.edge(value, EDGE if known else 0.0)
    within = f"{bounds.low:g} to {bounds.high:g}"
    if not side:
        return Verdict(outcome="passed", message=f"{name} = {value:g} lies inside {within}", measurements=noted)
    excused = next((why for at, why in agreed.natural.get(name, {}).items() if studies.same(at, value)), "")
    if excused:
        message = f"{name} = {value:g} is a natural bound: {excused}"
        return Verdict(outcome="passed", message=message, measurements=noted)
    if not known and not is_grid(study, name):
        message = (
            f"{name} = {value:g} is the {_extreme(side)} of the values tried, and the range that they were drawn from "
            f"is not on record. Next step: ranges = {{ {name} = [low, high] }} in the item's settings"
        )
        return Verdict(outcome="inconclusive", message=message, measurements=noted)
    message = (
        f"{name} = {value:g} lies on the {side} edge of what was searched, {within}: what lies beyond may be better. "
        "Next step: widen the range and search again, or say in natural_bounds why nothing lies beyond"
    )
    return Verdict(outcome="failed", message=message, measurements=noted)


def _extreme(side: str) -> str:
    return "smallest" if side == "lower" else "largest"


def is_grid(study: Study, name: str) -> bool:
    """Whether the values look chosen rather than drawn: they come back in other trials, or are the only ones varied."""
    took = [t for t in study.trials if name in t.params and t.state in ("complete", "pruned")]
    return len(study.values(name)) <= len(took) / 2


def other_data(
    study: Study,
    *,
    train: Collection[str],
    heldout: Collection[str],
    files: Collection[str] = (),
    stated: Collection[str] = (),
) -> Verdict:
    """Whether selection used training data and not the held-out set, by the digests on record.

    Args:
        study: The search.
        train: Digests (sha256, md5) of the training set.
        heldout: Those of the held-out set.
        files: Those of files that the team says selection read; what the record names does not count then.
        stated: Those that the team states; likewise.
    """
    used = frozenset((*files, *stated)) or study.digests
    measured = (Measurement(name="digests of data on record", value=len(used), note="; ".join(sorted(used))[:200]),)
    if used & set(heldout):
        digest = min(used & set(heldout))
        message = (
            f"the record of the search names the held-out set ({digest[:12]}…), which cannot judge what was selected "
            "on it. Next step: select by cross-validation on train, and take a fresh held-out set; where the record "
            "names it for another reason, say what selection read: data = […]"
        )
        return Verdict(outcome="failed", message=message, measurements=measured)
    if used & set(train):
        return Verdict(outcome="passed", message="selection used the training data", measurements=measured)
    if files:
        message = "selection used data of its own, which are not the held-out set"
        return Verdict(outcome="passed", message=message, measurements=measured)
    found = "names digests of neither train nor the held-out set" if used else "names no data"
    message = (
        f"{study.source} {found}. Next step: write the sha256 of the data into the record (a user attribute, a tag, a "
        'key), or data = ["data/validation.parquet"] in the item\'s settings'
    )
    return Verdict(outcome="inconclusive", message=message, measurements=measured)
