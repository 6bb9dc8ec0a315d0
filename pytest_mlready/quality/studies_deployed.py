"""Reads what values a deployed model has for the hyperparameters that a search was about."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - of dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import near
from pytest_mlready.quality.studies import same
from pytest_mlready.quality.studies_cells import value_of

if TYPE_CHECKING:
    from collections.abc import Sequence

JOINT = "__"  # how scikit-learn names the parameter of a part: classifier__max_depth


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """Values of a deployed model.

    Attributes:
        values: By hyperparameter as the search names it.
        doubts: Why others are not known, by name.
        source: Where they were read.
    """

    values: Mapping[str, Any]
    doubts: Mapping[str, str] = field(default_factory=dict)
    source: str = "the model"


def parameters(estimator: Any) -> dict[str, Any] | None:
    """All parameters of a loaded model; None where it shows none.

    A fitted search (GridSearchCV) answers with those of the winner that it predicts with, LightGBM's booster with those
    in its file.
    """
    estimator = getattr(estimator, "best_estimator_", estimator)
    if callable(getattr(estimator, "get_params", None)):
        found = estimator.get_params()
    else:
        found = getattr(estimator, "params", None)
    if not isinstance(found, dict) or not found:
        return None
    return {str(name): value for name, value in found.items()}


def match(
    known: Mapping[str, Any],
    names: Sequence[str],
    *,
    renamed: Mapping[str, str] | None = None,
    source: str = "the model",
) -> Deployed:
    """The values of these hyperparameters among a model's parameters.

    The name itself goes first, then one that ends with it after "__", then one that it ends with: a search over a
    pipeline speaks of classifier__max_depth, and one over the classifier of max_depth.

    Args:
        known: All parameters of the model, or of a record about it.
        names: Hyperparameters, as the search names them.
        renamed: What the model calls those that it calls otherwise.
        source: For messages.
    """
    values: dict[str, Any] = {}
    doubts: dict[str, str] = {}
    for name in names:
        asked = (renamed or {}).get(name, name)
        keys = _keys(asked, known)
        found = [known[key] for key in keys]
        if not keys:
            doubts[name] = f"{source} has no parameter {asked}{near(asked, known)}"
        elif any(not same(value_of(value), value_of(found[0])) for value in found):
            doubts[name] = f"{asked} could be {' or '.join(keys[:4])} of {source}"
        else:
            values[name] = value_of(found[0])
    return Deployed(values=values, doubts=doubts, source=source)


def completed(first: Deployed, second: Deployed) -> Deployed:
    """The values of the first, and of the second those that the first does not have."""
    values = {**second.values, **first.values}
    doubts = {name: doubt for name, doubt in second.doubts.items() if name not in values}
    return Deployed(values=values, doubts=doubts, source=f"{first.source} or {second.source}")


def _keys(name: str, known: Mapping[str, Any]) -> list[str]:
    if name in known:
        return [name]
    longer = [key for key in known if key.endswith(JOINT + name)]
    return longer or [key for key in known if name.endswith(JOINT + key)]
