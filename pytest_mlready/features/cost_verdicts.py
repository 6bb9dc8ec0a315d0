"""Judges whether the inputs of a model cost more than they may, and whether any costs something for nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import near
from pytest_mlready.features.cost import KINDS, UNITS, Kind, latencies, total
from pytest_mlready.features.importance_gains import is_kept
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pytest_mlready.features.cost import Cost, Manifest
    from pytest_mlready.features.importance_gains import Gain

SHOWN = 10
LISTED = 100
EXAMPLES = {"latency": '"20 ms"', "memory": '"10 MB"', "money": "0.5", "compute": '"5 ms"'}


def judge_entries(found: Manifest, inputs: Sequence[str]) -> Verdict:
    """Failed for inputs without an entry, and for entries without an input."""
    missing = [name for name in inputs if name not in found.costs]
    strange = [name for name in found.costs if name not in inputs]
    measured = sum(cost.measured for cost in found.costs.values())
    numbers = (
        Measurement(name="inputs with a cost entry", value=len(inputs) - len(missing), min=len(inputs), n=len(inputs)),
        Measurement(name="entries that are measured", value=measured, n=len(found.costs), note="the rest is estimated"),
    )
    parts = []
    if missing:
        parts.append(f"no entry for the inputs {_listed(missing)}")
    if strange:
        parts.append("entries that are no input: " + _listed([f"{s}{near(s, missing or inputs)}" for s in strange]))
    if not inputs:
        return Verdict(outcome="inconclusive", message="the model has no known inputs", measurements=numbers)
    if parts:
        return Verdict(outcome="failed", message=f"in the cost manifest: {'; '.join(parts)}", measurements=numbers)
    return Verdict(outcome="passed", message=f"{len(inputs)} inputs have an entry", measurements=numbers)


def judge_budgets(
    found: Manifest, inputs: Sequence[str], budgets: Mapping[Kind, float | None], *, parallel: bool
) -> list[Verdict]:
    """Each total against its budget; what costs anything needs one.

    Args:
        found: The manifest.
        inputs: The model's inputs; what the manifest says about others does not count.
        budgets: Seconds, bytes, money, seconds; None where none is set.
        parallel: Sources are asked at the same time.
    """
    costs = [found.costs[name] for name in inputs if name in found.costs]
    totals = {kind: total(costs, kind, together=found.together, parallel=parallel) for kind in KINDS}
    judged = [_budget(kind, totals[kind], budgets.get(kind), costs, found) for kind in KINDS]
    verdicts = [verdict for verdict in judged if verdict is not None]
    if not any(budgets.get(kind) is not None for kind in KINDS):
        told = 'no budget is set for what the inputs cost. Next step: latency = "20 ms", memory = "10 MB"'
        verdicts.append(Verdict(outcome="inconclusive", message=told))
    return verdicts


def judge_dependencies(found: Manifest, inputs: Sequence[str], budget: int | None) -> Verdict:
    """How many systems must be up, or fresh, for one prediction."""
    names = sorted({one for name in inputs if name in found.costs for one in found.costs[name].dependencies})
    number = Measurement(
        name="systems that inputs depend on", value=len(names), max=budget, n=len(inputs), note=_listed(names)
    )
    if budget is not None and len(names) > budget:
        message = f"the inputs depend on {len(names)} systems, the budget is {budget}: {_listed(names)}"
        return Verdict(outcome="failed", message=message, measurements=(number,))
    return Verdict(outcome="passed", message=f"the inputs depend on {len(names)} systems", measurements=(number,))


def judge_worth(found: Manifest, gains: Sequence[Gain], inputs: Sequence[str], keep: Collection[str]) -> list[Verdict]:
    """Failed for a cost that buys nothing, inconclusive for one of which nobody knows what it buys.

    Args:
        found: The manifest.
        gains: What the groups of inputs add.
        inputs: The model's inputs.
        keep: Inputs and groups that stay for a stated reason, whatever they add.
    """
    known = {member: gain for gain in gains for member in gain.members}
    costly = [found.costs[name] for name in inputs if name in found.costs and found.costs[name].costs]
    judged = [(c, known.get(c.name)) for c in costly]
    wasted = [c for c, gain in judged if gain and gain.standing == "useless" and not is_kept(gain, keep)]
    unknown = [c for c, gain in judged if gain is None or (gain.standing == "undecided" and not is_kept(gain, keep))]
    verdicts = []
    if wasted:
        listed = _listed([f"{c.name} ({_costs(c, found)})" for c in wasted])
        message = f"of {len(wasted)} inputs the cost buys nothing: {listed}. Next step: train without and compare"
        verdicts.append(Verdict(outcome="failed", message=message))
    if unknown:
        listed = _listed([c.name for c in unknown])
        message = f"nobody can tell what {len(unknown)} inputs that cost something add to the model: {listed}"
        verdicts.append(Verdict(outcome="inconclusive", message=message))
    if not costly and not any(cost.measured for cost in found.costs.values()):
        told = "the manifest says that no input costs anything, and none of it is measured"
        verdicts.append(Verdict(outcome="inconclusive", message=f"{told}. Next step: measure what each adds"))
    if not verdicts:
        message = f"each of the {len(costly)} inputs that cost something adds something, or stays for a stated reason"
        verdicts.append(Verdict(outcome="passed", message=message))
    numbers = tuple(_worth(found, inputs, known))
    return [replace(verdicts[0], measurements=numbers), *verdicts[1:]]


def picture(found: Manifest) -> dict[str, Any]:
    """Data of a plot "bars": latency by input, the slowest first."""
    shown = sorted(found.costs.values(), key=lambda c: -c.latency)[:LISTED]
    return {"labels": [c.name for c in shown], "values": [c.latency for c in shown], "unit": "s"}


def _budget(kind: Kind, value: float, budget: float | None, costs: Sequence[Cost], found: Manifest) -> Verdict | None:
    unit = found.currency if kind == "money" else UNITS[kind]
    note = _by_source(costs, found) if kind == "latency" else ""
    number = Measurement(name=f"total {kind} of inputs", value=value, max=budget, n=len(costs), unit=unit, note=note)
    if budget is None and value == 0:
        return None
    if budget is None:
        told = f"the inputs cost {_amount(kind, value, found)} of {kind}, and no budget is set"
        message = f"{told}. Next step: {kind} = {EXAMPLES[kind]}"
        return Verdict(outcome="inconclusive", message=message, measurements=(number,))
    said = f"the inputs cost {_amount(kind, value, found)} of {kind}, the budget is {_amount(kind, budget, found)}"
    if value <= budget:
        return Verdict(outcome="passed", message=said, measurements=(number,))
    dearest = sorted((c for c in costs if c.of(kind) > 0), key=lambda c: -c.of(kind))[:3]
    listed = ", ".join(f"{c.name} {_amount(kind, c.of(kind), found)}" for c in dearest)
    message = f"{said}; the dearest are {listed}. Next step: cache, precompute or drop them, cost by gain"
    return Verdict(outcome="failed", message=message, measurements=(number,))


def _worth(found: Manifest, inputs: Sequence[str], known: Mapping[str, Gain]) -> Iterator[Measurement]:
    """What each input costs, with what it adds."""
    for cost in sorted((found.costs[n] for n in inputs if n in found.costs), key=lambda c: -c.latency)[:LISTED]:
        gain = known.get(cost.name)
        told = f"gain {100 * gain.share:.3g} % ({gain.standing})" if gain else "gain unknown"
        basis = "measured" if cost.measured else "estimated"
        note = f"{told}; {_costs(cost, found)}; {basis}; owner {cost.owner}"
        yield Measurement(name=f"latency of {cost.name}", value=cost.latency, unit="s", note=note)


def _by_source(costs: Sequence[Cost], found: Manifest) -> str:
    parts = latencies(costs, together=found.together)
    return ", ".join(f"{name} {_amount('latency', value, found)}" for name, value in list(parts.items())[:SHOWN])


def _costs(cost: Cost, found: Manifest) -> str:
    parts = [f"{kind} {_amount(kind, cost.of(kind), found)}" for kind in KINDS if cost.of(kind) > 0]
    return ", ".join(parts) or "no cost"


def _amount(kind: Kind, value: float, found: Manifest) -> str:
    if kind == "money":
        return f"{value:.4g} {found.currency}".strip()
    if kind == "memory":
        return f"{value / 1e6:.4g} MB"
    return f"{1000 * value:.4g} ms"


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts[:SHOWN]) + (f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else "")
