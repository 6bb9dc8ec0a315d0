"""Asks how long a new feature takes from idea to production."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.history.lead_time import Delivery
    from pytest_mlready.project import Project

ITEM = Item(
    id="data.feature_lead_time",
    title="New features added quickly",
    question="How long does a new feature take from idea to production?",
    why=(
        "When the product changes, or an attacker does, the team that needs half a year for a new signal loses to the "
        "one that needs weeks. Long lead times also breed shortcuts: features are computed twice, in two languages, "
        "because the proper path is too slow. The figure is an early sign of a pipeline that nobody dares to touch."
    ),
    looks_at=(
        "Lead times of the features that were served last. From a `table` that you keep (CSV, JSON, YAML or TOML) "
        "with the columns feature, idea (or first_commit) and served. Or, where `paths` is set, from version "
        "control: the idea is the first commit in the history of a release that mentions the feature in `paths`, the "
        "use is the first tag that fits `tags` in which the files of `served` mention it; the features are those of "
        "`features`, left out: the model's inputs. A name is mentioned where it stands as a word of its own. It "
        "passes when the median of the last 5 is at most 60 days, and fails when it is longer; of features served on "
        "one day the slower ones count. It is inconclusive with fewer than 5 that were served, where the day of the "
        "idea is missing in one of the last 5 (what the first commit of a history brings may have been imported), "
        "with dates in the future or a use before the idea anywhere in the record, without a release, and in a "
        "shallow clone. Features not yet served are shown with the age of the oldest and are not in the median, "
        "which therefore looks better than it is where much is stuck. A tag is taken for use in production, an early "
        "mention for the idea, and text that was moved into `paths` for new: name the places where it lay before as "
        "well. What a table says is taken as said. The default of 60 days is this project's convention after the one "
        "to two months that the paper names; set your own."
        " The same day for idea and use of all of them is inconclusive."
    ),
    how_to_fix=(
        "Write down both dates for each feature from now on. Look at where the time goes: access requests, backfills, "
        "reviews, waiting for a release train. Share one definition between training and serving, automate the "
        "backfill, and give features their own flag so that they ship apart from the model."
    ),
    attestation=(
        "The last five features with the date of the idea and of first use in production, how the dates were found, "
        "and what took longest."
    ),
    sources=(
        "Breck et al. 2017, ML Test Score, Data 6: new features can be added quickly",
        "Forsgren, Humble, Kim 2018, Accelerate",
        "git documentation, git-log (-S, the pickaxe) and git-for-each-ref (creatordate)",
    ),
    options=(
        Option(name="table", type="string", default=None, doc="Table of features: CSV, JSON, YAML or TOML."),
        Option(name="paths", type="strings", default=(), doc="Files or folders in which a feature is mentioned first."),
        Option(
            name="served", type="strings", default=(),
            doc="Files or folders that mention what is served, as of a release; left out: as `paths`.",
        ),
        Option(name="tags", type="string", default="v*", doc="Glob of the tags that are releases."),
        Option(name="features", type="strings", default=(), doc="Names; left out: the model's inputs."),
        Option(name="last", type="integer", default=5, doc="How many of the last features the median is taken of."),
        Option(
            name="limit", type="duration", default=5_184_000.0,
            doc='Longest median, such as "60 d"; our own convention after the one to two months of the paper.',
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'
FEWEST = 3  # a median of less is one feature's word


@pytest.mark.data("feature_lead_time")
def test_the_last_features_came_into_use_quickly(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The median time from the idea of a feature to its use in production is within the limit."""
    from pytest_mlready.errors import DataError
    from pytest_mlready.history import lead_time

    options = mlready.options(ITEM.id)
    if options["last"] < FEWEST:
        raise DataError(f"`last` is {options['last']}", expected=f"at least {FEWEST}: it is a median")
    if options["table"] is not None:
        found = _from_table(mlready, options["table"])
    elif options["paths"]:
        found = _from_git(mlready, mlready_evidence, request)
    else:
        line = f'{SETTING} table = "features.csv" (feature, idea, served), or paths = ["features/"] with tags = "v*"'
        mlready_evidence.unverified("no record of how long features took is configured", fix=line)
    mlready_evidence.grade("static")
    verdict = lead_time.judge(found, last=options["last"], limit=options["limit"], today=mlready.today)
    mlready_evidence.conclude([verdict])


def _from_table(mlready: Project, named: str) -> Sequence[Delivery]:
    from pytest_mlready.documents import bounded
    from pytest_mlready.history import lead_time

    path = mlready.file(named, "the table of features")
    if path.suffix.lower() == ".csv":
        return lead_time.from_csv(bounded.text(path, setting="table"), name=path.name)
    return lead_time.from_rows(bounded.read(path, setting="table"), name=path.name)


def _from_git(mlready: Project, evidence: Evidence, request: pytest.FixtureRequest) -> Sequence[Delivery]:
    from pytest_mlready.history import git, lead_time_git

    options = mlready.options(ITEM.id)
    names = options["features"] or request.getfixturevalue("mlready_model").feature_names
    if not names:
        evidence.inconclusive("the model does not name its inputs; name the features in `features`")
    repository = git.repository(mlready.root)
    defined, served = (
        [repository.inside(mlready.path(path)) for path in options[which] or options["paths"]]
        for which in ("paths", "served")
    )
    evidence.record("where the days come from", f"git, tags {options['tags']}")
    return lead_time_git.deliveries(
        repository, names, tags=options["tags"], defined=defined, served=served, last=options["last"]
    )
