"""Reads feature flags of flagd (OpenFeature) that give a share of the users the new version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_mlready.manifests.documents import table
from pytest_mlready.manifests.rollout.ramp import Ramp
from pytest_mlready.manifests.rollout.weights import CANARY
from pytest_mlready.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator


def read(content: Any, place: str, *, flag: str | None, canary: str | None) -> Iterator[Ramp]:
    """The ramps of a flagd file, or of the flagSpec of a FeatureFlag: one for each flag that splits by fraction.

    Args:
        content: Parsed, with "flags" at the top.
        place: File or object, for messages.
        flag: Name of the flag; None: all that split.
        canary: Name of the variant of the new version; None: told by its name, else the one that is not the default.
    """
    for name, one in table(content, "flags").items():
        if (flag is not None and name != flag) or not isinstance(one, Mapping):
            continue
        splits = list(_fractions(one.get("targeting")))
        where = f"{place}: flag {name}"
        if not splits and flag is None:
            continue
        yield _flag(where, str(name), one, splits, canary)


def _flag(where: str, name: str, flag: Mapping[str, Any], splits: list[Any], canary: str | None) -> Ramp:
    if str(flag.get("state", "ENABLED")) == "DISABLED":
        fault = "its state is DISABLED: nobody is asked, and the default in the code decides"
        return Ramp(tool="flagd", where=where, names=frozenset({name}), steps=(), known=False, faults=(fault,))
    arms = [arm for arm in splits[0] if isinstance(arm, list) and arm] if len(splits) == 1 else []
    weights = {
        str(arm[0]): float(arm[1]) if len(arm) > 1 else 1.0 for arm in arms if len(arm) < 2 or _is_number(arm[1])
    }
    unknown = [variant for variant in weights if variant not in table(flag, "variants")]
    default = str(flag.get("defaultVariant"))
    chosen = canary or next((v for v in weights if CANARY.search(v)), None)
    chosen = chosen or next((v for v in weights if v != default and len(weights) == 2), None)
    if len(weights) < 2 or unknown or chosen not in weights or not sum(weights.values()):
        what = f"the variant {unknown[0]} of its fractional rule is not defined" if unknown else "no fractional split"
        doubt = Verdict(outcome="inconclusive", message=f"{where}: {what} that is understood")
        return Ramp(tool="flagd", where=where, names=frozenset({name}), steps=(), known=False, doubts=(doubt,))
    found = weights[str(chosen)] / sum(weights.values())
    note = f"{chosen} is taken for the new version"
    return Ramp(tool="flagd", where=where, names=frozenset({name}), steps=(found,), known=False, notes=(note,))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _fractions(node: Any, depth: int = 0) -> Iterator[list[Any]]:
    """Arguments of every "fractional" in a targeting rule; an expression that says what to hash is none of its arms."""
    if depth > 20:
        return
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("fractional", "fractionalEvaluation") and isinstance(value, list):
                yield [arm for arm in value if isinstance(arm, list)]
            else:
                yield from _fractions(value, depth + 1)
    elif isinstance(node, list):
        for value in node:
            yield from _fractions(value, depth + 1)
