from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pytest_mlready.errors import DataError
from pytest_mlready.features.correlated_groups import groups_of


def frame(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    level = rng.integers(1, 17, n)
    income = np.exp(rng.normal(size=n))
    return pl.DataFrame(
        {
            "age": rng.integers(17, 90, n),
            "education": [f"level {v}" for v in level],
            "education-num": level,
            "income": income,
            "income_eur": 0.9 * income,
            "emb_0": rng.normal(size=n),
            "emb_1": rng.normal(size=n),
        }
    )


def test_strongly_associated_columns_are_one_group_whatever_their_kinds():
    groups = groups_of(frame())
    assert groups["education + education-num"] == ("education", "education-num")
    assert groups["income + income_eur"] == ("income", "income_eur")
    assert groups["age"] == ("age",)


def test_every_column_is_in_one_group_in_the_order_of_the_frame():
    groups = groups_of(frame())
    assert sorted(c for members in groups.values() for c in members) == sorted(frame().columns)
    assert next(iter(groups)) == "age"


def test_a_threshold_of_its_own_decides():
    rng = np.random.default_rng(1)
    a = rng.normal(size=3000)
    noisy = pl.DataFrame({"a": a, "b": a + rng.normal(size=3000)})  # a correlation of about 0.7
    assert len(groups_of(noisy)) == 2
    assert len(groups_of(noisy, threshold=0.5)) == 1


def test_a_chain_of_neighbours_does_not_become_one_group():
    rng = np.random.default_rng(2)
    walk = np.cumsum(rng.normal(size=(4000, 12)), axis=1) + rng.normal(size=(4000, 1))
    groups = groups_of(pl.DataFrame({f"lag{i}": walk[:, i] for i in range(12)}))
    assert 2 < len(groups) < 12


def test_named_groups_take_globs_and_keep_their_members_out_of_others():
    groups = groups_of(frame(), named={"embedding": ["emb_*"], "schooling": "education"})
    assert groups["embedding"] == ("emb_0", "emb_1")
    assert groups["schooling"] == ("education",)
    assert groups["education-num"] == ("education-num",)


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"g": ["incme"]}, 'names "incme", which is no input; did you mean "income"'),
        ({"g": ["emb_*"], "h": ["emb_1"]}, '"emb_1" is in the groups "g" and "h"'),
        ({"g": []}, "has no members"),
        ({"age": ["age", "income"]}, "has the name of an input"),
    ],
)
def test_groups_that_cannot_be_are_refused(named, said):
    with pytest.raises(DataError, match=said.replace("(", r"\(")):
        groups_of(frame(), named=named)


def test_one_column_is_one_group():
    assert groups_of(frame().select("age")) == {"age": ("age",)}
