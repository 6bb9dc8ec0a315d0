from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from shuffled_samples import alone, linear, sample

from pytest_mlready.errors import Inconclusive
from pytest_mlready.features import importance_study
from pytest_mlready.features.importance_gains import rows_needed
from pytest_mlready.features.importance_study import Design, study


def standings(found):
    return {g.name: g.standing for g in found.gains}


def twins(n=4000, seed=0, noise=0.02, **more):
    """Two copies that a model reads half each (averaging out their noise), beside a strong column."""
    rng = np.random.default_rng(seed)
    strong, signal = rng.normal(size=n), rng.normal(size=n)
    frame = pl.DataFrame({"strong": strong, "a": signal, "b": signal + noise * rng.normal(size=n)})
    y = 5 * strong + 0.45 * signal + 0.1 * rng.normal(size=n)
    return sample(frame, y, lambda t: t.to_numpy() @ np.array([5, 0.225, 0.225]), **more)


def test_columns_that_a_model_gains_from_are_beneficial_and_unread_ones_useless():
    found = study(linear(read=(1.0, 0.5, 0.0)), alone(linear()), Design())
    assert standings(found) == {"x0": "beneficial", "x1": "beneficial", "x2": "useless"}
    assert [g.why for g in found.gains] == ["", "", "no answer changed"]
    assert found.gains[2].share == found.gains[2].upper == 0


def test_shares_relate_to_what_all_inputs_save_together():
    found = study(linear(20_000, weights=(1.0, 0.5)), alone(linear(weights=(1.0, 0.5))), Design())
    assert found.gain == pytest.approx(2 * 1.25, rel=0.03)
    assert [g.share for g in found.gains] == pytest.approx([0.8, 0.2], abs=0.02)
    assert found.base == pytest.approx(1.0, rel=0.03)


def test_noise_that_a_model_reads_is_useless_where_rows_are_many_and_undecided_where_they_are_few():
    def noise(n):
        return linear(n, weights=(1.0, 0.0), read=(1.0, 0.1))

    many, few = (study(noise(n), alone(noise(10)), Design()) for n in (20_000, 300))
    assert standings(many) == {"x0": "beneficial", "x1": "useless"}
    assert standings(few) == {"x0": "beneficial", "x1": "undecided"}
    assert 1_000 < rows_needed(few.gains[1], few) < 20_000


def test_useful_columns_are_hardly_ever_called_useless():
    """Ten columns, each of which adds a little more than the limit: at most 5 % of studies may call any useless."""
    weights = (1.0, *[0.085] * 10)  # 0.7 % of the gain each
    alarms = [
        any(
            g.standing == "useless"
            for g in study(linear(500, seed, weights), alone(linear(9, 0, weights)), Design()).gains
        )
        for seed in range(60)
    ]
    assert np.mean(alarms) <= 0.05


def test_a_share_that_is_small_and_certain_is_not_useless_above_the_limit():
    found = study(linear(20_000, weights=(1.0, 0.12)), alone(linear(9, weights=(1.0, 0.12))), Design())
    assert standings(found)["x1"] == "beneficial"
    assert standings(study(linear(20_000, weights=(1.0, 0.12)), alone(linear(9, weights=(1, 0))), Design(limit=0.05))) == {
        "x0": "beneficial", "x1": "useless",
    }  # fmt: skip


def test_of_two_copies_just_one_is_called_useless():
    found = study(twins(), alone(twins(9)), Design(limit=0.005))
    assert sorted(g.share < 0.005 for g in found.gains) == [False, True, True]
    assert sorted(standings(found).values()) == ["beneficial", "undecided", "useless"]
    assert len(found.together.members) == 1
    assert "something together" in next(g.why for g in found.gains if g.standing == "undecided")


def test_two_copies_in_one_group_are_beneficial_together():
    found = study(twins(), {"strong": ("strong",), "a + b": ("a", "b")}, Design(limit=0.005))
    assert standings(found) == {"strong": "beneficial", "a + b": "beneficial"}


def test_of_two_copies_the_other_is_useless_beside_the_one_that_is_kept():
    found = study(twins(), alone(twins(9)), Design(limit=0.005, kept=("a",)))
    assert found.together.members == ("b",)


def test_many_useless_columns_can_go_together_where_they_are_useless_together():
    weights = (1.0, *[0.0] * 9)
    found = study(linear(3000, weights=weights), alone(linear(9, weights=weights)), Design())
    assert len(found.together.members) == 9


def test_a_large_set_of_small_shares_is_cut_where_it_begins_to_matter():
    weights = (1.0, *[0.04] * 20)  # 0.16 % each, 3 % together
    found = study(linear(30_000, weights=weights), alone(linear(9, weights=weights)), Design())
    assert sum(g.share < 0.005 for g in found.gains) == 20
    assert 1 <= len(found.together.members) <= 4
    assert found.together.upper <= 0.005


def test_a_harmful_column_is_useless_and_said_to_be_harmful():
    found = study(linear(weights=(1.0, 0.3), read=(1.0, -0.3)), alone(linear(9, weights=(1, 0))), Design())
    assert (found.gains[1].standing, found.gains[1].why) == ("useless", "shuffling it helps")


def test_a_column_that_never_varies_is_useless_only_when_training_had_nothing_to_learn_either():
    rng = np.random.default_rng(0)
    x = rng.normal(size=1000)
    frame = pl.DataFrame({"x": x, "flag": [0.0] * 1000})
    one = sample(frame, x, lambda t: t["x"].to_numpy())
    assert study(one, alone(one), Design()).gains[1].standing == "undecided"
    assert study(one, alone(one), Design(never_varies=["flag"])).gains[1].standing == "useless"


def test_a_flag_in_too_few_rows_is_undecided_and_not_useless():
    rng = np.random.default_rng(1)
    x, rare = rng.normal(size=2000), np.zeros(2000)
    rare[:2] = 1
    one = sample(pl.DataFrame({"x": x, "rare": rare}), x + 0.01 * rare, lambda t: t["x"].to_numpy())
    gain = study(one, alone(one), Design()).gains[1]
    assert (gain.standing, gain.why) == ("undecided", f"shuffling it changes {gain.moved} held-out rows")


def test_a_rare_flag_that_matters_is_beneficial():
    rng = np.random.default_rng(2)
    x, rare = rng.normal(size=5000), (rng.random(5000) < 0.01).astype(float)
    read = lambda t: t["x"].to_numpy() + 5 * t["rare"].to_numpy()  # noqa: E731
    one = sample(pl.DataFrame({"x": x, "rare": rare}), x + 5 * rare + rng.normal(size=5000), read)
    assert standings(study(one, alone(one), Design())) == {"x": "beneficial", "rare": "beneficial"}


@pytest.mark.parametrize("more", [{"n": 60}, {"n": 3000, "cluster": np.arange(3000) % 12}])
def test_few_rows_or_clusters_tell_nothing_about_anything(more):
    one = linear(**more, read=(1.0, 0.5, 0.0))
    assert set(standings(study(one, alone(one), Design())).values()) == {"undecided"}


def test_a_model_that_gains_nothing_has_no_shares():
    found = study(linear(read=(0.0, 0.0, 0.0)), alone(linear(9)), Design())
    assert (found.gains, found.gain, found.gain_upper) == ((), 0.0, 0.0)


def test_confidence_0_decides_by_the_estimates():
    one = linear(300, weights=(1.0, 0.0), read=(1.0, 0.03))
    assert set(standings(study(one, alone(one), Design(confidence=0))).values()) == {"beneficial", "useless"}


def test_a_group_does_not_depend_on_which_others_there_are():
    first = study(linear(), alone(linear(9)), Design()).gains[1]
    assert study(linear(), {"x1": ("x1",)}, Design()).gains[0].share == first.share


def test_what_would_take_too_long_is_not_begun(monkeypatch):
    clock = iter([0.0, 10.0])
    monkeypatch.setattr(importance_study.time, "monotonic", lambda: next(clock))
    with pytest.raises(Inconclusive, match=r"about 1 min, and the limit is 0 min.* max_rows = 2000"):
        study(linear(4000), alone(linear(9)), Design(time_limit=20))
