"""Looks for other traces of held-out data: in what tuning read, and in features that give the target away."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pytest_mlready.errors import Inconclusive
from pytest_mlready.quality.leakage import LEAK_AUC, LIMIT
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from pytest_mlready.values import Dataset

LARGEST_RECORD = 50_000_000  # bytes of a lineage record that is read as text
PRIOR = 10.0  # rows that a category's rate is drawn towards the overall one with


def digests(path: Path) -> set[str]:
    """sha256 and md5 (the one that DVC writes) of a file, in hexadecimal digits."""
    found = (hashlib.sha256(), hashlib.md5(usedforsecurity=False))
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            for digest in found:
                digest.update(block)
    return {d.hexdigest() for d in found}


def entry(text: str, root: Path) -> str | Path:
    """A digest as it is, anything else as a path below `root`."""
    return text if _digest(text) else root / text


def tuning_inputs(entries: Sequence[str | Path], heldout: Iterable[str]) -> Verdict:
    """Fails when something that tuning read is the held-out set.

    Args:
        entries: Digests (sha256 or md5, with or without the algorithm's name before it), or files: data that tuning
            read, or records of it (lineage, a run's export, dvc.lock), in which the digest is searched as text.
        heldout: Digests of the held-out set, in hexadecimal digits.

    Raises:
        Inconclusive: there are no entries, or a file is not there.
    """
    wanted = {d.lower() for d in heldout}
    if not entries:
        raise Inconclusive("the list of tuning inputs is empty", fix="name the files or digests that tuning read")
    missing = [str(e) for e in entries if not _digest(e) and not Path(e).is_file()]
    if missing:
        raise Inconclusive(
            f"{len(missing)} tuning inputs are not there: {', '.join(missing[:3])}",
            fix="correct the paths in tuning_inputs",
        )
    bad = [str(e) for e in entries if _mentions(e, wanted)]
    measured = (
        Measurement(name="tuning inputs that are or name the held-out set", value=len(bad), max=0, n=len(entries)),
    )
    if bad:
        message = (
            f"tuning read the held-out set: {', '.join(bad[:3])} holds its digest. "
            f"Next step: tune on a validation part of train, and take a fresh held-out set. {LIMIT}"
        )
        return Verdict(outcome="failed", message=message, measurements=measured)
    message = f"the held-out digest is absent from {len(entries)} tuning inputs. {LIMIT}"
    return Verdict(outcome="passed", message=message, measurements=measured)


def _digest(entry: str | Path) -> str:
    """The hexadecimal digits of a digest; empty when the entry is a path."""
    match = re.fullmatch(r"(?:(?:sha256|md5)[:=])?([0-9a-fA-F]{64}|[0-9a-fA-F]{32})", str(entry).strip())
    return match[1].lower() if match else ""


def _mentions(entry: str | Path, wanted: set[str]) -> bool:
    if _digest(entry):
        return _digest(entry) in wanted
    path = Path(entry)
    if digests(path) & wanted:
        return True
    if path.stat().st_size > LARGEST_RECORD:
        return False
    text = path.read_bytes().lower()
    return any(d.encode() in text for d in wanted)


def telling_features(train: Dataset, heldout: Dataset, *, limit: float = LEAK_AUC) -> tuple[Measurement, ...]:
    """Notes features that alone separate the two classes with an area under the ROC curve of at least `limit`.

    Numbers are taken as they are, categories by the rate of the class in train. Such a feature may be the target in
    disguise or merely a good one: it is for a person to tell, so this never fails.

    Returns:
        One measurement a feature found; empty when the target has not two classes.
    """
    target = heldout.target
    if target is None or target not in train.frame.columns or not len(heldout) or heldout.frame[target].n_unique() != 2:
        return ()
    positive = heldout.frame[target].drop_nulls().max()
    truth, known = ((d.frame[target] == positive).fill_null(value=False).to_numpy() for d in (heldout, train))
    found = []
    for name in (f for f in heldout.features if f in train.frame.columns):
        score = _score(train.frame[name], heldout.frame[name], known)
        if score is not None and (area := _area(truth, score)) >= limit:
            note = "this feature alone separates the classes: is it known before the outcome?"
            found.append(Measurement(name=f'AUC of "{name}" alone', value=area, max=limit, n=len(truth), note=note))
    return tuple(found)


def _score(train: pl.Series, heldout: pl.Series, known: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    if heldout.dtype.is_numeric() or heldout.dtype.is_temporal() or heldout.dtype == pl.Boolean:
        values = heldout.to_physical().cast(pl.Float64).fill_nan(None).fill_null(-np.inf)
        return values.to_numpy()
    if heldout.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return None
    table = (
        pl.DataFrame({"value": train.cast(pl.String), "y": known}).group_by("value").agg(pl.col("y").sum(), n=pl.len())
    )
    rate = float(known.mean())
    rates = table.select("value", rate=(pl.col("y") + PRIOR * rate) / (pl.col("n") + PRIOR))
    joined = heldout.cast(pl.String).to_frame("value").join(
        rates, on="value", how="left", nulls_equal=True, maintain_order="left"
    )  # fmt: skip
    return joined["rate"].fill_null(rate).to_numpy()


def _area(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Area under the ROC curve in whichever direction it is larger (Mann and Whitney, by mid-ranks)."""
    from scipy.stats import rankdata

    hits = int(truth.sum())
    if not 0 < hits < len(truth):
        return 0.0
    area = (float(rankdata(score)[truth].sum()) - hits * (hits + 1) / 2) / (hits * (len(truth) - hits))
    return max(area, 1 - area)
