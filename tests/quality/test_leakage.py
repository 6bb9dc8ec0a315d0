"""Leakage: shared rows against chance, groups, times, texts, tuning's inputs and telling features."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import math

import numpy as np
import polars as pl
import pytest
from adult_data import adult, dataset

from pytest_mlready.errors import DataError, Inconclusive
from pytest_mlready.quality import leakage, separation, usage
from pytest_mlready.quality.chance import _deals, _moments, overlap
from pytest_mlready.quality.rowgroups import equal_rows


def value(verdict, name):
    return next(m.value for m in verdict.measurements if m.name.startswith(name))


def planted(train, heldout, n, seed=1):
    copies = heldout.frame.sample(n, seed=seed)
    return dataset(pl.concat([train.frame, copies]), "train", target=train.target)


# Rows


def test_the_23_rows_that_adult_shares_are_reported_and_do_not_fail():
    verdict = leakage.exact_overlap(*adult())
    assert verdict.outcome == "passed"
    assert value(verdict, "held-out rows also in train (features and label)") == 23
    assert "can be refuted, not proved" in verdict.message


def test_200_planted_copies_in_adult_fail_with_their_number():
    train, heldout = adult()
    verdict = leakage.exact_overlap(planted(train, heldout, 200), heldout)
    assert verdict.outcome == "failed"
    assert "of 16,281 held-out rows are also in train" in verdict.message
    assert "Next step: drop them" in verdict.message


def test_200_copies_are_seen_even_when_the_column_that_tells_rows_apart_is_no_feature():
    train, heldout = adult()
    features = tuple(c for c in train.features if c != "fnlwgt")
    clean = [dataclasses.replace(d, features=features) for d in (train, heldout)]
    assert leakage.exact_overlap(*clean).outcome == "passed"
    leaking = dataclasses.replace(planted(train, heldout, 200), features=features)
    verdict = leakage.exact_overlap(leaking, clean[1])
    assert verdict.outcome == "failed"
    assert "(whole rows)" in verdict.message


def test_dropped_columns_of_any_kind_can_be_compared():
    frame = pl.DataFrame({"a": range(400), "tags": [["x"], None] * 200, "s": [{"u": 1}] * 400})
    sets = [
        dataclasses.replace(dataset(f, n), features=("a",))
        for f, n in ((frame[:300], "train"), (frame[300:], "heldout"))
    ]
    assert leakage.exact_overlap(*sets).outcome == "passed"


def test_copies_with_another_label_are_found_by_their_features():
    train, heldout = adult()
    copies = heldout.frame.sample(200, seed=2)
    flipped = copies.with_columns(income=pl.lit("other"))
    verdict = leakage.exact_overlap(dataset(pl.concat([train.frame, flipped]), target="income"), heldout)
    assert verdict.outcome == "failed"
    assert "(features)" in verdict.message
    assert value(verdict, "rows whose twins have another label") >= 400


def test_one_copy_of_thousands_of_distinct_rows_is_seen_where_chance_explains_none():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(rng.normal(size=(11_000, 4)), schema=list("abcd"))
    train, heldout = frame[:10_000], frame[10_000:]
    clean = leakage.exact_overlap(dataset(train), dataset(heldout, "heldout"))
    assert (clean.outcome, value(clean, "held-out rows also")) == ("passed", 0)
    leaking = leakage.exact_overlap(dataset(pl.concat([train, heldout[:3]])), dataset(heldout, "heldout"))
    assert leaking.outcome == "failed"
    assert "rows 0, 1, 2." in leaking.message


def test_rows_that_all_have_twins_by_nature_are_inconclusive_and_never_failed():
    rng = np.random.default_rng(1)
    frame = pl.DataFrame({c: rng.integers(0, 2, 6000) for c in "abcde"})
    verdict = leakage.exact_overlap(dataset(frame[:4000]), dataset(frame[4000:], "heldout"))
    assert verdict.outcome == "inconclusive"
    assert "would not show" in verdict.message


def test_train_whose_rows_were_repeated_hides_copies_and_so_is_inconclusive():
    rng = np.random.default_rng(2)
    frame = pl.DataFrame(rng.normal(size=(3000, 3)), schema=list("abc"))
    repeated = pl.concat([frame[:2000]] * 5)
    verdict = leakage.exact_overlap(dataset(repeated), dataset(frame[2000:], "heldout"))
    assert verdict.outcome == "inconclusive"
    assert "before any resampling" in verdict.message


@pytest.mark.parametrize("values", [10**12, 30_000, 3000, 700], ids=lambda v: f"{v} distinct rows")
def test_random_splits_fail_at_most_as_often_as_the_confidence_says(values, monkeypatch):
    monkeypatch.setattr("pytest_mlready.quality.chance.DRAWS", 199)  # exact at any number of deals
    failed = 0
    for seed in range(150):
        rows = np.random.default_rng(seed).integers(0, values, 1500)
        _, group = np.unique(rows, return_inverse=True)
        train, heldout = (np.bincount(g, minlength=group.max() + 1) for g in (group[:1000], group[1000:]))
        failed += overlap(train, heldout, train_rows=1000, heldout_rows=500, seed=seed).p < 0.05
    assert failed <= 14  # P(more than 14 of 150 at a rate of 5 %) = 1 %


def test_closed_form_of_the_null_agrees_with_random_deals():
    sizes = np.random.default_rng(0).integers(2, 9, 400)
    mean, sd = _moments(sizes, 2000, 700)
    deals = np.concatenate([_deals(sizes, 2000, 700, seed) for seed in range(5)])
    assert mean == pytest.approx(deals.mean(), abs=4 * sd / math.sqrt(len(deals)))
    assert sd == pytest.approx(deals.std(), rel=0.04)


def test_normal_and_drawn_null_agree_where_one_takes_over_from_the_other(monkeypatch):
    rng = np.random.default_rng(3)
    heldout = rng.binomial(2, 0.36, 990)
    counts = {"train": 2 - heldout, "heldout": heldout}
    drawn = overlap(**counts, train_rows=4000, heldout_rows=2000)
    monkeypatch.setattr("pytest_mlready.quality.chance.FEW_GROUPS", 0)
    normal = overlap(**counts, train_rows=4000, heldout_rows=2000)
    assert drawn.p == pytest.approx(normal.p, abs=0.03)
    assert drawn.upper == pytest.approx(normal.upper, rel=0.02)


def test_the_number_called_detectable_is_detected():
    train, heldout = adult()
    clean = leakage.exact_overlap(train, heldout)
    note = next(m.note for m in clean.measurements if m.name == "held-out rows also in train (features and label)")
    number = int(note.split("; ")[1].split()[0])
    assert number < 60
    verdicts = [leakage.exact_overlap(planted(train, heldout, number + 8, seed), heldout) for seed in range(3)]
    assert [v.outcome for v in verdicts] == ["failed"] * 3


def test_equal_values_of_different_formats_are_equal():
    left = pl.DataFrame(
        {"i": [1, 2], "z": [0.0, 1.5], "n": [float("nan"), 1.0], "s": ["caf\u00e9", "b"], "f": [True, False]}
    )
    right = pl.DataFrame(
        {
            "s": pl.Series(["cafe\u0301"], dtype=pl.Categorical),
            "n": pl.Series([None], dtype=pl.Float32),
            "z": [-0.0],
            "i": [1.0],
            "f": [1],
        }
    )
    groups, _ = equal_rows(left, right, left.columns)
    assert groups.shared.tolist() == [0]


def test_equal_rows_are_those_of_a_plain_group_by():
    rng = np.random.default_rng(4)
    frame = pl.DataFrame(
        {"a": rng.integers(0, 30, 900), "b": rng.choice(["x", "y", None], 900), "y": rng.integers(0, 2, 900)}
    )
    left, right = frame[:600], frame[600:]
    by_features, by_all = equal_rows(left, right, ["a", "b"], "y")
    for groups, keys in ((by_features, ["a", "b"]), (by_all, ["a", "b", "y"])):
        known = set(left.select(keys).rows())
        assert groups.shared.tolist() == [i for i, row in enumerate(right.select(keys).rows()) if row in known]
    assert set(by_features.labels.tolist()) <= {1, 2}


def test_a_collision_of_hashes_makes_no_rows_equal(monkeypatch):
    monkeypatch.setattr(pl.DataFrame, "hash_rows", lambda self: pl.Series([7] * self.height, dtype=pl.UInt64))
    groups, _ = equal_rows(pl.DataFrame({"a": [1, 2, 3]}), pl.DataFrame({"a": [3, 4]}), ["a"])
    assert groups.shared.tolist() == [0]
    assert groups.train.tolist() == [1]


def test_columns_that_differ_are_an_error_that_names_them():
    train, heldout = adult()
    renamed = dataset(heldout.frame.rename({"age": "years"}), "heldout", target="income")
    with pytest.raises(DataError, match="the train data lack 1 of 16 columns: years"):
        leakage.exact_overlap(train, renamed)
    with pytest.raises(DataError, match='column "age" is Int64 in train and String in the held-out data'):
        leakage.exact_overlap(
            dataset(train.frame.cast({"age": pl.Int64}), target="income"),
            dataset(heldout.frame.cast({"age": pl.String}), "heldout", target="income"),
        )


def test_empty_sets_and_sets_without_features_are_inconclusive():
    train, heldout = adult()
    with pytest.raises(Inconclusive, match="the heldout data have no rows"):
        leakage.exact_overlap(train, dataset(heldout.frame[:0], "heldout", target="income"))
    alone = train.frame.select("income")
    with pytest.raises(Inconclusive, match="no feature columns"):
        leakage.exact_overlap(dataset(alone, target="income"), dataset(alone, "heldout", target="income"))


# Groups


def test_groups_kept_apart_pass_and_a_shared_one_fails():
    assert separation.group_overlap(pl.Series("h", [1, 1, 2]), pl.Series("h", [3, 4])).outcome == "passed"
    verdict = separation.group_overlap(pl.Series("h", [1, 1, 2]), pl.Series("h", [2, 2, 4]))
    assert verdict.outcome == "failed"
    assert "1 groups (h) are in train and in the held-out set, with 2 of 3 held-out rows: 2" in verdict.message


def test_ids_are_the_same_in_every_format():
    assert separation.group_overlap(pl.Series("h", [12, None]), pl.Series("h", ["12"])).outcome == "failed"
    assert separation.group_overlap(pl.Series("h", [12.0, float("nan")]), pl.Series("h", [12])).outcome == "failed"


def test_missing_ids_are_inconclusive():
    verdict = separation.group_overlap(pl.Series("h", [1, None]), pl.Series("h", [None, 2]))
    assert verdict.outcome == "inconclusive"
    assert "2 rows have no h" in verdict.message


# Times


def days(*numbers):
    return pl.Series("t", [None if n is None else dt.datetime(2026, 1, n, 8) for n in numbers], dtype=pl.Datetime("us"))  # noqa: DTZ001


def test_train_that_ends_before_the_heldout_rows_begin_passes():
    assert separation.time_order(days(1, 5), days(5, 9)).outcome == "passed"


def test_train_rows_later_than_the_first_heldout_row_fail_unless_that_many_are_allowed():
    verdict = separation.time_order(days(1, 6, 7), days(5, 9))
    assert verdict.outcome == "failed"
    assert "2 of 3 train rows are later" in verdict.message
    assert separation.time_order(days(1, 6, 7), days(5, 9), max_violations=2).outcome == "passed"


@pytest.mark.parametrize(
    ("train", "heldout"), [((1, None), (5,)), ((None,), (5,)), ((1,), (None,)), ((1, 2), (3, None))]
)
def test_missing_times_are_inconclusive(train, heldout):
    assert separation.time_order(days(*train), days(*heldout)).outcome == "inconclusive"


def test_times_as_text_as_dates_and_as_numbers_are_read():
    text = pl.Series("t", ["2026-01-01T00:00:00", "2026-01-07T00:00:00"])
    assert separation.time_order(text, pl.Series("t", ["2026-01-05T00:00:00"])).outcome == "failed"
    assert separation.time_order(days(1), pl.Series("t", [dt.date(2026, 1, 5)])).outcome == "passed"
    assert separation.time_order(pl.Series("t", [1.0]), pl.Series("t", [2])).outcome == "passed"
    with pytest.raises(DataError, match="no time"):
        separation.time_order(pl.Series("t", ["x"]), pl.Series("t", ["y"]))
    with pytest.raises(DataError, match="Boolean"):
        separation.time_order(pl.Series("t", [True]), pl.Series("t", [False]))


def test_a_column_that_is_not_there_is_an_error_with_the_nearest_name():
    train, _ = adult()
    with pytest.raises(DataError, match='the train data have no column "agee"; did you mean "age"'):
        separation.role(train, "agee")


# Texts


def sentences(n, seed):
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(list("abcdefghijklmnop"), 6)) for _ in range(800)]
    return [" ".join(rng.choice(words, 25)) for _ in range(n)]


def test_texts_nearly_copied_into_train_fail_and_independent_ones_pass():
    texts = sentences(600, 1)
    train, heldout = pl.DataFrame({"t": texts[:400]}), pl.DataFrame({"t": texts[400:]})
    (clean,) = leakage.near_duplicates(dataset(train), dataset(heldout, "heldout"), ["t"])
    assert clean.outcome == "passed"
    copies = heldout[:20].with_columns(pl.col("t").str.to_uppercase() + "  !")
    (leaking,) = leakage.near_duplicates(dataset(pl.concat([train, copies])), dataset(heldout, "heldout"), ["t"])
    assert leaking.outcome == "failed"
    assert '20 of 200 held-out rows are also in train (near duplicates in "t")' in leaking.message


def test_stock_phrases_on_both_sides_do_not_fail():
    rng = np.random.default_rng(2)
    phrases = [f"thank you for your letter number {i}, we shall answer within {i} days" for i in range(40)]
    texts = [*sentences(900, 3), *rng.choice(phrases, 300)]
    rng.shuffle(texts)
    train, heldout = pl.DataFrame({"t": texts[:800]}), pl.DataFrame({"t": texts[800:]})
    (verdict,) = leakage.near_duplicates(dataset(train), dataset(heldout, "heldout"), ["t"])
    assert verdict.outcome == "passed"


def test_a_text_column_without_text_is_inconclusive():
    empty = pl.DataFrame({"t": pl.Series([None, " "], dtype=pl.String)})
    (verdict,) = leakage.near_duplicates(dataset(empty), dataset(empty, "heldout"), ["t"])
    assert verdict.outcome == "inconclusive"


# Tuning and telling features


def test_tuning_that_read_the_heldout_file_fails_by_bytes_by_digest_and_by_record(tmp_path):
    heldout = tmp_path / "heldout.csv"
    heldout.write_text("a,b\n1,2\n")
    other = tmp_path / "validation.csv"
    other.write_text("a,b\n3,4\n")
    known = usage.digests(heldout)
    lock = tmp_path / "dvc.lock"
    lock.write_text(f"deps:\n- md5: {hashlib.md5(heldout.read_bytes()).hexdigest()}\n")
    copy = tmp_path / "copy.csv"
    copy.write_bytes(heldout.read_bytes())
    sha = hashlib.sha256(heldout.read_bytes()).hexdigest()
    assert usage.tuning_inputs([other, "a" * 64], known).outcome == "passed"
    for entry in (copy, lock, sha.upper(), f"sha256:{sha}"):
        verdict = usage.tuning_inputs([other, entry], known)
        assert verdict.outcome == "failed"
        assert "fresh held-out set" in verdict.message


def test_tuning_inputs_that_are_not_there_are_inconclusive(tmp_path):
    with pytest.raises(Inconclusive, match="1 tuning inputs are not there"):
        usage.tuning_inputs([tmp_path / "gone.csv"], {"0" * 64})
    with pytest.raises(Inconclusive, match="empty"):
        usage.tuning_inputs([], {"0" * 64})


def test_a_feature_that_is_the_target_in_disguise_is_noted():
    train, heldout = adult()
    assert usage.telling_features(train, heldout) == ()
    spiked = [
        dataset(
            d.frame.with_columns(
                leak=pl.when(pl.col("income") == ">50K").then(pl.lit("rich")).otherwise(pl.lit("poor")),
                low=-(pl.col("income") == ">50K").cast(pl.Float64),
            ),
            d.name,
            target="income",
        )
        for d in (train, heldout)
    ]
    found = usage.telling_features(*spiked)
    assert [m.name for m in found] == ['AUC of "leak" alone', 'AUC of "low" alone']
    assert all(m.value == 1 for m in found)


def test_distinct_ids_do_not_pass_for_a_telling_feature():
    rng = np.random.default_rng(5)
    sets = [
        dataset(pl.DataFrame({"id": [f"{n}{i}" for i in range(500)], "y": rng.integers(0, 2, 500)}), n, target="y")
        for n in ("train", "heldout")
    ]
    assert usage.telling_features(*sets) == ()


@pytest.mark.parametrize("confidence", [0.95, 0.999, 0.9999])
def test_copies_are_noticed_at_any_confidence(confidence):
    ones = np.ones(200, np.intp)
    found = overlap(ones, ones, train_rows=4000, heldout_rows=1000, confidence=confidence)
    assert found.p < 1 - confidence


@pytest.mark.parametrize("ids", [[1.0, np.inf], [1e20, 2.0]])
def test_ids_that_are_no_whole_numbers_are_compared_as_they_are(ids):
    ours, others = pl.Series("g", ids), pl.Series("g", [3.0, 4.0])
    assert separation.group_overlap(ours, others).outcome == "passed"
    assert separation.group_overlap(ours, ours).outcome == "failed"


def test_the_order_of_the_groups_changes_nothing():
    rng = np.random.default_rng(0)
    train, heldout = rng.integers(1, 5, (2, 300))
    turned = rng.permutation(300)
    first, second = (
        overlap(train[i], heldout[i], train_rows=4000, heldout_rows=2000, seed=3) for i in (np.arange(300), turned)
    )
    assert first == second
