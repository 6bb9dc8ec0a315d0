"""Makes bad models out of the candidate, in its own format and by its own training, for checks of gates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from pytest_mlready.checks.touchstone import Touchstone
    from pytest_mlready.project import Project
    from pytest_mlready.values import Dataset, Model

    Spoil = Callable[[Any, str], Any]  # training rows and target -> rows

KINDS = ("shuffled labels", "noised weights", "constant answer", "leaked target", "stale", "wrong class order")
# Of noise, in root mean squares of what it is added to: the first that makes it bad. Repeated, since a model of few
# weights may come out of it unharmed by luck.
STRENGTHS = (1.0, 3.0, 10.0, 10.0, 10.0)
SEED = "infrastructure.quality_gate_blocks_bad_models"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A model that was made for the gate.

    Attributes:
        path: Its artifact.
        how: What was done to it.
        control: "copy" or "training": which unharmed model shows that the gate reads such a one; "" for neither.
        foreign: It holds types that the candidate does not.
        wrong: What is bad about it, in words; "" where it is not clearly bad.
    """

    path: Path
    how: str
    control: str
    foreign: bool = False
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Makes, saves and measures one kind of bad model after another.

    Attributes:
        project: Names the training.
        model: The candidate, loaded from a file.
        touchstone: Says which are bad.
        folder: Where artifacts are written, each in a folder of its own under the candidate's name.
        request: Brings the training rows, when a kind needs them.
        train_rows: Rows that one training takes at most.
        older: An older model that the settings name as stale.
    """

    project: Project
    model: Model
    touchstone: Touchstone
    folder: Path
    request: pytest.FixtureRequest
    train_rows: int
    older: str | None

    def control(self, by: str) -> Made:
        """An unharmed model, made as the spoilt ones are.

        Raises:
            NotMadeError: The format cannot be written, or no training is configured.
        """
        if by == "copy":
            path, how = self._saved("copy", self.model.estimator), "an unharmed copy of the candidate"
        else:
            path, how = self._trained("anew", lambda rows, _: rows), "a model trained anew on the true rows"
        return self._measured(Made(path=path, how=how, control=""))

    def make(self, kind: str) -> Made:
        """A bad model of this kind; measured, since not every sabotage does harm.

        Raises:
            NotMadeError: It cannot be made of this candidate; says why.
        """
        makers = (self._shuffled, self._noised, self._constant, self._leaked, self._stale, self._misordered)
        return self._measured(dict(zip(KINDS, makers, strict=True))[kind]())

    def unreadable(self) -> Path:
        """The first half of the candidate's bytes, under its name."""
        path = self.folder / "unreadable" / self._file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = self._file.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        return path

    def _shuffled(self) -> Made:
        from pytest_mlready.quality import sabotage_rows

        seed = self.project.seed(f"{SEED}.shuffle")
        path = self._trained("shuffled", lambda rows, target: sabotage_rows.shuffled(rows, target, seed=seed))
        return Made(path=path, how="trained on shuffled labels", control="training")

    def _noised(self) -> Made:
        from pytest_mlready.quality import sabotage

        seed = self.project.seed(f"{SEED}.noise")
        for attempt, strength in enumerate(STRENGTHS):
            spoilt = sabotage.noised(self.model.estimator, strength=strength, seed=seed + attempt)
            how = f"noise of {strength:g} times their root mean square on its weights"
            made = Made(path=self._saved(f"noised-{attempt}", spoilt), how=how, control="copy")
            if self._measured(made).wrong:
                break
        return made

    def _constant(self) -> Made:
        from pytest_mlready.quality import sabotage

        spoilt = sabotage.constant(self.model.estimator, self.model.predict(self.touchstone.heldout.X))
        path = self._saved("constant", spoilt)
        return Made(path=path, how="one answer to everything", control="copy", foreign=True)

    def _leaked(self) -> Made:
        from pytest_mlready.quality import sabotage_rows

        features, met = self.model.feature_names or self.touchstone.heldout.features, []

        def spoil(rows: Any, target: str) -> Any:
            leaky, feature = sabotage_rows.leaked(rows, target, features)
            met.append(feature)
            return leaky

        path = self._trained("leaked", spoil)
        how = f"{met[0]} gave the target away in training, and does not on held-out rows"
        return Made(path=path, how=how, control="training")

    def _stale(self) -> Made:
        from pytest_mlready.quality import sabotage_rows

        if self.older is not None:
            path = self.project.file(self.older, "the older model")
            return Made(path=path, how=f"the older model {self.older}", control="")
        time = self.project.settings.data.time
        path = self._trained("stale", lambda rows, _: sabotage_rows.oldest(rows, time))
        return Made(path=path, how=f"trained on the oldest {sabotage_rows.OLDEST:.0%} of the rows", control="training")

    def _misordered(self) -> Made:
        from pytest_mlready.quality import sabotage, sabotage_rows

        if self.touchstone.predictions.classes is None:
            raise sabotage.NotMadeError("the model has no classes")
        try:
            path = self._saved("misordered", sabotage.misordered(self.model.estimator))
        except sabotage.NotMadeError:
            path = self._trained("exchanged", sabotage_rows.exchanged)
            return Made(path=path, how="trained with each class under the name of the next", control="training")
        return Made(path=path, how="its classes in another order", control="copy")

    def _trained(self, name: str, spoil: Spoil) -> Path:
        from pytest_mlready.errors import Unverified
        from pytest_mlready.quality.sabotage import NotMadeError
        from pytest_mlready.team import entry_points

        try:
            entry_points.named(self.project, "train")
        except Unverified as nothing:
            raise NotMadeError(f"{nothing.found} ({nothing.fix})") from None
        train: Dataset = self.request.getfixturevalue("mlready_train")
        if train.target is None:
            raise NotMadeError("the training data have no target column")
        seed = self.project.seed(f"{SEED}.train") % 2**32
        rows = train.frame.sample(min(self.train_rows, len(train)), seed=seed) if len(train) > self.train_rows else None
        folder = self.folder / name
        folder.mkdir(parents=True)
        spoilt = spoil(train.frame if rows is None else rows, train.target)
        what = f"training a model for the gate ({name})"
        return entry_points.train(self.project, spoilt, seed=seed, folder=folder, what=what).path

    def _saved(self, name: str, estimator: Any) -> Path:
        from pytest_mlready.artifacts import saving
        from pytest_mlready.quality.sabotage import NotMadeError

        if not saving.can_save(self._file):
            raise NotMadeError(f"a {self._file.suffix or self._file.name} file cannot be written from a loaded model")
        return saving.save(estimator, self.folder / name / self._file.name)

    def _measured(self, made: Made) -> Made:
        from pytest_mlready.errors import ReadinessError
        from pytest_mlready.quality.sabotage import NotMadeError

        try:
            return replace(made, wrong=self.touchstone.wrong(made.path))
        except ReadinessError as problem:
            raise NotMadeError(f"{made.how}: {problem.found}") from None

    @property
    def _file(self) -> Path:
        assert self.model.path is not None  # or there were no gate on it
        return Path(self.model.path)
