"""Near duplicates: what is grouped, what is not, and how fast."""

from __future__ import annotations

import time

import numpy as np
import pytest

from pytest_mlready.quality import neardup
from pytest_mlready.quality.neardup import near_duplicate_groups


def corpus(n, seed, words=60):
    rng = np.random.default_rng(seed)
    vocabulary = np.array(["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 6)) for _ in range(4000)])
    return [" ".join(line) for line in rng.choice(vocabulary, (n, words))]


def edited(text, changes, seed):
    words = text.split()
    for at in np.random.default_rng(seed).choice(len(words), changes, replace=False):
        words[at] = "changed"
    return " ".join(words)


def test_pairs_at_or_above_the_similarity_are_grouped_and_pairs_below_are_not():
    texts = corpus(400, 1)
    copies = [edited(t, 1 + i % 8, i) for i, t in enumerate(texts)]
    groups = near_duplicate_groups(texts + copies)
    similar = np.array([neardup._similarity(a, b) >= 0.8 for a, b in zip(texts, copies, strict=True)])
    assert 50 < similar.sum() < 350
    assert ((groups[:400] == groups[400:]) == similar).all()


def test_similarity_is_estimated_without_bias():
    texts = corpus(300, 2)
    copies = [edited(t, 5, i) for i, t in enumerate(texts)]
    true = np.array([neardup._similarity(a, b) for a, b in zip(texts, copies, strict=True)])
    left, right = (np.concatenate(list(neardup._signatures(t, None))) for t in (texts, copies))
    estimated = (left == right).mean(axis=1)
    assert abs((estimated - true).mean()) < 0.01
    assert (estimated - true).std() == pytest.approx(np.sqrt(true * (1 - true) / 128).mean(), rel=0.25)


def test_case_spaces_and_unicode_forms_make_no_difference():
    groups = near_duplicate_groups(
        ["Caf\u00e9  Zürich", "cafe\u0301\n z\u00fcrich ", "ＣＡＦÉ ZÜRICH", "something else"]
    )
    assert groups.tolist() == [0, 0, 0, 1]


def test_missing_and_blank_texts_are_in_no_group_and_short_ones_match_only_themselves():
    assert near_duplicate_groups([None, "", "  \n", "ok", "OK", "no"]).tolist() == [-1, -1, -1, 0, 0, 1]
    assert near_duplicate_groups([None, ""]).tolist() == [-1, -1]
    assert near_duplicate_groups([]).tolist() == []


def test_markup_and_lone_surrogates_are_plain_characters():
    assert near_duplicate_groups(["<b>\ud800 text</b>", "<b>\ud800 text</b>", "\x00\x1b[31m"]).tolist() == [0, 0, 1]


def test_blocks_do_not_change_the_result(monkeypatch):
    texts = corpus(60, 3)
    texts += [edited(t, 1, i) for i, t in enumerate(texts)]
    whole = near_duplicate_groups(texts)
    monkeypatch.setattr(neardup, "BLOCK", 1000)
    assert (near_duplicate_groups(texts) == whole).all()


def test_thousands_of_filled_in_templates_are_one_group_in_bounded_time():
    texts = [f"Your order number {i} was shipped today, thank you for buying from us again" for i in range(3000)]
    told = []
    assert set(near_duplicate_groups(texts, progress=told.append)) == {0}
    assert told[-1].startswith("near duplicates: band 25 of 25")


def test_a_similarity_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"between 0\.5 and 1"):
        near_duplicate_groups(["a"], jaccard=0.2)


@pytest.mark.slow
def test_twenty_thousand_texts_take_seconds():
    texts = corpus(20_000, 4, words=70)
    start = time.perf_counter()
    near_duplicate_groups(texts)
    assert time.perf_counter() - start < 30  # about 2 s on an idle core
