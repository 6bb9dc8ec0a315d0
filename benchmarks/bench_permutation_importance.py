"""Grouped permutation importance on 100,000 rows and 50 columns, against scikit-learn's own on the same model and rows.

Both shuffle five times and score with the Brier score, on one core. scikit-learn's gives a mean for each column; ours a
loss for each row, bounds for rows and repeats, and groups, which scikit-learn's has not. The model is a logistic
regression, so cheap that what surrounds it shows; with a costly one both take as long as it does.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from pytest_mlready.features.association import MOST_ROWS
from pytest_mlready.features.correlated_groups import groups_of
from pytest_mlready.features.importance import BLOCK_BYTES, Sample, base_losses
from pytest_mlready.features.importance_study import Design, study

ROWS, COLUMNS, REPEATS, ROUNDS = 100_000, 50, 5, 2
LIMIT = 1.5  # of scikit-learn's time, for as many single columns
BLOCKS, ARRAYS = 4, 40  # blocks of rows, and arrays of one number a row, that may be there beside the frame
SAMPLES = 3  # copies of the sample of rows that associations are measured on
WIDE = 200  # columns of a table on which memory must be the same


def table(columns=COLUMNS):
    """Columns and a noisy copy of each; half of the columns matter."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(ROWS, columns // 2))
    X = np.column_stack([X, X + 0.2 * rng.normal(size=X.shape)])
    score = X[:, : columns // 4].sum(axis=1) / 2
    return X, (rng.random(ROWS) < 1 / (1 + np.exp(-score))).astype(int)


def fitted(columns=COLUMNS):
    X, y = table(columns)
    return LogisticRegression(max_iter=50).fit(X[:5000], y[:5000]), X, y


def sample(model, X, y):
    frame = pl.DataFrame(X, schema=[f"x{i}" for i in range(X.shape[1])])

    def losses(given, rows):
        return (model.predict_proba(given.to_numpy())[:, 1] - y[rows]) ** 2

    return Sample(frame=frame, losses=losses, base=base_losses(frame, losses), repeats=REPEATS)


def theirs(model, X, y):
    return permutation_importance(
        model, X, y, scoring="neg_brier_score", n_repeats=REPEATS, n_jobs=1, random_state=0
    ).importances_mean


def singles(one):
    return study(one, {column: (column,) for column in one.frame.columns}, Design())


def grouped(one):
    return study(one, groups_of(one.frame), Design())


def seconds(function):
    """Processor time on one core: what else the machine does is not in it."""
    with threadpool_limits(limits=1):
        start = time.process_time()
        function()
        return time.process_time() - start


@pytest.mark.slow
def test_as_many_columns_take_about_as_long_as_scikit_learns_and_groups_less(benchmark):
    model, X, y = fitted()
    one, plain, ours, groups = sample(model, X, y), [], [], []
    for _ in range(ROUNDS):  # interleaved, so that a busy minute hits all
        plain.append(seconds(lambda: theirs(model, X, y)))
        ours.append(seconds(lambda: singles(one)))
        groups.append(seconds(lambda: grouped(one)))
    benchmark.pedantic(grouped, (one,), rounds=1)
    base = statistics.median(plain)
    ratio, of_groups = statistics.median(ours) / base, statistics.median(groups) / base
    benchmark.extra_info |= {"scikit_learn_seconds": base, "ratio": ratio, "ratio_groups": of_groups, "limit": LIMIT}
    print(f"\nscikit-learn {base:.2f} s; single columns {ratio:.2f} x, {COLUMNS // 2} groups of two {of_groups:.2f} x")
    assert ratio <= LIMIT
    assert of_groups < ratio


@pytest.mark.slow
def test_both_find_the_same():
    model, X, y = fitted()
    found = singles(sample(model, X, y))
    assert np.allclose([g.share * found.gain for g in found.gains], theirs(model, X, y), atol=3e-4)


def peak_growth(what, columns=COLUMNS):
    """Bytes that the peak of memory grows by in a fresh process, above the table itself."""
    out = subprocess.run([sys.executable, __file__, what, str(columns)], capture_output=True, text=True, check=True)
    return int(out.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_bounded_by_blocks_and_samples_and_holds_no_copy_of_the_table(benchmark):
    ours = benchmark.pedantic(peak_growth, ("ours",), rounds=1)
    plain, wide = peak_growth("scikit-learn"), peak_growth("ours", WIDE)
    limit = BLOCKS * BLOCK_BYTES + ARRAYS * 8 * ROWS + SAMPLES * 8 * MOST_ROWS * WIDE
    assert limit < 8 * ROWS * WIDE  # a copy of the wide table
    benchmark.extra_info |= {"bytes": ours, "wide_bytes": wide, "scikit_learn_bytes": plain, "limit_bytes": limit}
    told = ", ".join(f"{n} {b / 1e6:.0f} MB" for n, b in (("ours", ours), (f"{WIDE} columns", wide), ("limit", limit)))
    print(f"\nbeside the table: {told}; scikit-learn {plain / 1e6:.0f} MB, which copies the table")
    assert max(ours, wide) <= limit


def memory(line):
    """Bytes, from a line of what Linux says of this process."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(text for text in status if text.startswith(line)).split()[1]) * 1024


if __name__ == "__main__":
    model, X, y = fitted(int(sys.argv[2]))
    one = sample(model, X, y)
    few = {"two": one.frame.columns[:2], "one": one.frame.columns[2:3]}
    groups_of(one.frame.head(100))  # what it imports is no memory of the study
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    if sys.argv[1] == "ours":
        groups_of(one.frame)
        study(one, few, Design())
    else:
        permutation_importance(model, X, y, scoring="neg_brier_score", n_repeats=1, n_jobs=1)
    print(memory("VmHWM") - before)
