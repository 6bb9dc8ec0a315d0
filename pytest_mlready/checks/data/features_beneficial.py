"""Asks whether each feature adds something that the model would miss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.features.importance import Losses
    from pytest_mlready.features.importance_gains import Study
    from pytest_mlready.project import Project
    from pytest_mlready.values import Dataset, Model, Predictions

STUDY = pytest.StashKey["tuple[Study, dict[str, str]]"]()

ITEM = Item(
    id="data.features_beneficial",
    title="All features beneficial",
    question="Does every feature add something that the model would miss?",
    why=(
        "Every input is a dependency that can break, drift, leak or cost money. Features that add nothing stay in "
        "because removing them takes courage, and each still raises an incident when its source fails. Two copies of "
        "the same signal make both look useless one by one, so a careless clean-up throws out both."
    ),
    looks_at=(
        "The candidate's loss on the held-out rows when an input is shuffled (permutation importance), 5 times each; "
        "strongly associated inputs (Spearman, Cramér's V, correlation ratio; 0.8 or more between every two of them) "
        "are shuffled together as one group. The loss is the Brier score, 0 or 1 without probabilities, the squared "
        "error for values, 100 less chrF for texts. What counts is the share of the model's gain: the loss that "
        "shuffling the input costs, divided by what shuffling all inputs costs. Its bounds count both the rows whose "
        "answer is judged and those that lend their values, whole clusters where data.cluster is set, and skewness. "
        "An input is useless when the upper bound, corrected by Holm for their number, is at most limit (0.5 %, a "
        "convention without authority), and beneficial when the lower bound is above 0. It passes when all are "
        "beneficial, or named in keep with a reason. It fails when inputs are useless that are also useless when "
        "shuffled together: of two copies, just one. An input that no answer depends on is useless for certain. "
        "Inconclusive: an input that is neither, which means that the rows are too few, with the rows that would "
        "decide; one that never varies in the held-out rows (it fails when it never varies in training either); "
        "fewer than 100 rows or 20 clusters; a model that refuses shuffled rows; a ranking. Of a group's members one "
        "by one it says nothing, nor of inputs that only retraining would show to be replaceable."
    ),
    how_to_fix=(
        "Take out the inputs that are named, retrain and compare with the present model; keep them out when the new "
        "one is not worse. What is no input of the model belongs in drop under [tool.mlready.data]; parts of one input "
        "(an embedding, one-hot columns) belong in one group of groups. Where one must stay without a measured "
        'benefit, such as by a legal duty, say so: keep = { "column" = "why" }. Inconclusive: hold out more rows.'
    ),
    attestation=(
        "How benefit was measured, on which data with how many repeats, how correlated features were treated, which "
        "features show none, and why any of those stay."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Data 2: all features are beneficial",
        "Breiman 2001, Random Forests",
        "Fisher, Rudin, Dominici 2019, All Models are Wrong, but Many are Useful, JMLR 20:177",
        "Hall 1992, On the Removal of Skewness by Transformation, JRSS B 54:221",
        "scikit-learn user guide, Permutation feature importance",
        "Zinkevich, Rules of Machine Learning, Rule 22: clean up features you are no longer using",
    ),
    options=(
        Option(
            name="limit", type="fraction", default=0.005,
            doc="Share of the model's gain up to which an input adds nothing that would be missed (a convention).",
        ),
        Option(name="repeats", type="integer", default=5, doc="Shuffles of each group; scikit-learn's default."),
        Option(
            name="correlation", type="fraction", default=0.8,
            doc="Association from which inputs are shuffled together (a convention).",
        ),
        Option(
            name="groups", type="table", default={},
            doc='Inputs that belong together, names or globs: { embedding = ["emb_*"] }.',
        ),
        Option(
            name="keep", type="table", default={},
            doc='Reason by input or group that stays whatever it adds: { "age" = "the law asks for it" }.',
        ),
        Option(
            name="loss", type="string", default=None,
            doc='"brier" or "error" for classes, "squared" or "absolute" for values; the first of them when left out.',
        ),
        Option(name="max_rows", type="integer", default=50_000, doc="Held-out rows that are asked about at most."),
        Option(
            name="time_limit", type="duration", default=600.0,
            doc="Time that all questions to the model may take; where it would be more, the check is inconclusive.",
        ),
    ),
)  # fmt: skip


@pytest.mark.data("features_beneficial")
def test_no_feature_is_useless(mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest) -> None:
    """Every input, or group of inputs, adds something, or stays for a stated reason."""
    found, keep = studied(mlready, request)
    from pytest_mlready.features import importance_verdicts

    mlready_evidence.grade("replayed")
    mlready_evidence.plot("intervals", title="Share of the model's gain", data=importance_verdicts.picture(found))
    mlready_evidence.conclude(importance_verdicts.judge(found, keep))


def studied(mlready: Project, request: pytest.FixtureRequest) -> tuple[Study, dict[str, str]]:
    """What every group of inputs adds, and which stay by decision: measured once a run, for whoever asks.

    Raises:
        Inconclusive: this run cannot tell.
        DataError: options that do not fit the inputs.
    """
    stash = request.config.stash
    if STUDY not in stash:
        stash[STUDY] = _study(
            mlready,
            request.getfixturevalue("mlready_model"),
            request.getfixturevalue("mlready_heldout"),
            request.getfixturevalue("mlready_predictions"),
            request,
        )
    return stash[STUDY]


def inputs(model: Model, heldout: Dataset) -> list[str]:
    """The columns that the model takes, by its own record; all feature columns where it has none."""
    names = set(model.feature_names or ())
    known = bool(names) and names <= set(heldout.features)
    return [column for column in heldout.features if not known or column in names]


def _study(
    mlready: Project, model: Model, heldout: Dataset, predictions: Predictions, request: pytest.FixtureRequest
) -> tuple[Study, dict[str, str]]:
    from pytest_mlready.features import correlated_groups, importance, importance_study, importance_verdicts
    from pytest_mlready.quality import answer_losses, groups

    options, seed = _sound(mlready.options(ITEM.id)), mlready.seed(ITEM.id)
    kind = answer_losses.kind_of(predictions, options["loss"])
    frame, rows = heldout.X.select(inputs(model, heldout)), _rows(len(heldout), options["max_rows"], seed)
    frame, asked = frame[rows], groups.take(predictions, rows)
    grouped = correlated_groups.groups_of(
        frame, threshold=options["correlation"], named=options["groups"], text=heldout.text, seed=seed % 2**32
    )
    keep = importance_verdicts.reasons(options["keep"], grouped)
    losses = _on_shuffled_rows(answer_losses.losses_of(model, asked, frame, kind=kind))
    sample = importance.Sample(
        frame=frame, losses=losses, base=importance.base_losses(frame, losses), repeats=options["repeats"],
        weight=asked.weight, cluster=_codes(asked),
    )  # fmt: skip
    design = importance_study.Design(
        limit=options["limit"], confidence=mlready.confidence, seed=seed, time_limit=options["time_limit"],
        never_varies=_constant_in_training(mlready, frame, request), kept=tuple(keep), progress=mlready.progress,
    )  # fmt: skip
    return importance_study.study(sample, grouped, design), keep


def _rows(n: int, most: int, seed: int) -> Any:
    import numpy as np

    return np.arange(n) if n <= most else np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def _sound(options: Mapping[str, Any]) -> Mapping[str, Any]:
    from pytest_mlready.errors import DataError

    if options["repeats"] < 1 or options["max_rows"] < 1:
        raise DataError(f"repeats is {options['repeats']}, max_rows is {options['max_rows']}", expected="at least 1")
    return options


def _codes(predictions: Predictions) -> Any:
    import numpy as np

    return None if predictions.cluster is None else np.unique(predictions.cluster, return_inverse=True)[1]


def _on_shuffled_rows(losses: Losses) -> Losses:
    """A model that answered the rows as they are, and refuses them shuffled, leaves the question open."""
    from pytest_mlready.errors import Inconclusive, ModelError

    def asked(frame: pl.DataFrame, rows: Any) -> Any:
        try:
            return losses(frame, rows)
        except ModelError as error:
            raise Inconclusive(
                f"the model refuses rows whose inputs were shuffled: {error.found}",
                fix='name the inputs that must fit one another as a group: groups = { period = ["start", "end"] }',
            ) from error

    return asked


def _constant_in_training(mlready: Project, frame: pl.DataFrame, request: pytest.FixtureRequest) -> list[str]:
    """Inputs of one value in the held-out and in the training rows: the model cannot have learnt from them."""
    constant = [c for c in frame.columns if not frame[c].dtype.is_nested() and frame[c].n_unique() == 1]
    if not constant or mlready.settings.data.train is None:
        return []
    train = request.getfixturevalue("mlready_train").frame
    return [c for c in constant if c in train.columns and train[c].n_unique() == 1]
