"""Asks whether data that break the schema are counted and alert in serving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option
from pytest_mlready.checks import alerting, counting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.manifests.rules.selectors import Selector
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.invariants import Seen

SEEN = pytest.StashKey["Seen"]()

ITEM = Item(
    id="monitoring.data_invariants",
    title="Data invariants hold in training and serving inputs",
    question="When data break the schema in training or serving, is it counted, and does somebody hear of it?",
    why=(
        "A schema that is checked once, before training, does not see the client that starts to send nulls on Tuesday. "
        "Rejecting such rows without counting them turns a data fault into quietly missing predictions; accepting them "
        "turns it into wrong ones. A rule without an alert has no reader."
    ),
    looks_at=(
        "A drill on the running service: rows are made out of the good request's first row, each broken in one field "
        "(of another type, out of range, an unknown word, null, left out, an unknown field; those that the service's "
        "OpenAPI document excludes, without a schema those of another type alone, or those of the file that `invalid` "
        "names), up to six fields for each fault, and two broken rows around a good one in one request. It passes when "
        "the counter of violations rises by as many as there were broken rows of each kind (by at least as many while "
        "xdist workers ask too), whether the service refuses them or repairs them, and does not move on valid rows: "
        "the good one and up to 20 held-out rows that have its fields and are taken. The counter is the one that "
        "`counter` names, else what the page of metrics has whose name tells of violations. A counter of HTTP requests "
        'by status is taken where it is named (counter = \'http_requests_total{status="422"}\', counts = "requests"), '
        "never by itself: 422 also stands for what is no data fault, and says nothing of rows. It fails when the "
        "counter stays still, counts too few or too many, or counts valid rows. None found is unverified; a service "
        "that may not be disturbed, a schema that excludes none of these rows, and answers that are no judgement of "
        "them (401, 404, 429, 5xx) are inconclusive. Then the alerts that read the counter (recording rules followed) "
        "are evaluated by promtool on the very series that the broken rows moved, at the expected peak: one must fire "
        "when a share of `breach` of the requests holds rows broken in one field, none on a good day; each must fire "
        "when every row is broken, and have a severity and a link to a runbook. Where `statistics` names the team's "
        "own invariants on a batch of rows (training or current window), they must be silent on the training and on "
        "the held-out rows, and speak when one column of the held-out rows is in another unit, stuck, a fifth missing "
        "or spelt otherwise: on min_caught of these copies, and on one of each kind. The shares are conventions "
        "without authority."
        " A few counts on valid rows while others ask the service too are inconclusive."
    ),
    how_to_fix=(
        "Use one schema for training batches and for requests. On violation, count by feature and rule, and decide for "
        "each rule whether to reject, repair or only count. Let the counter show 0 from the start for every field, so "
        "that the first violation is a rise. Alert on the share of violating rows, with a limit set from normal "
        "traffic so that it does not cry daily. Repeat the drill after each change of schema."
    ),
    attestation=(
        "Rules in force in training and in serving, the bad rows sent, counter before and after, the alert that fired "
        "and who got it, and date."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Monitor 2: data invariants hold in training and serving inputs",
        "Breck, Polyzotis, Roy, Whang, Zinkevich 2019, Data Validation for Machine Learning",
        "Prometheus documentation, Instrumentation: avoid missing metrics",
    ),
    options=(
        Option(
            name="counter", type="string", default=None,
            doc="Counter of rows that break the schema, with matchers where only some of its series are meant.",
        ),
        Option(
            name="counts", type="string", default="rows",
            doc='What it counts: "rows", or "requests" that hold some.',
        ),
        Option(
            name="invalid", type="string", default=None,
            doc="JSON file with a list of invalid rows in the form of the good request's, in place of those made here.",
        ),
        Option(
            name="breach", type="fraction", default=0.2,
            doc="Share of the requests with broken rows at which an alert must fire; a convention.",
        ),
        Option(
            name="normal", type="fraction", default=0.0,
            doc="Share that is broken on a good day, at which none may fire.",
        ),
        Option(
            name="statistics", type="string", default=None,
            doc='"module:function" of a polars frame of rows that returns a text for each invariant that they break.',
        ),
        Option(
            name="min_caught", type="fraction", default=0.8,
            doc="Share of the broken copies of a batch of which `statistics` must speak; a convention.",
        ),
        *alerting.SHARED,
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'


@pytest.mark.monitoring("data_invariants")
def test_broken_rows_move_the_counter(
    mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint, request: pytest.FixtureRequest
) -> None:
    """The counter of violations rises by as many rows as were broken, and stands still on valid ones."""
    from pytest_mlready.serving import invariants

    mlready_evidence.grade("live")
    options = mlready.options(ITEM.id)
    by_request = counting.by_request(options, SETTING)
    seen = _seen(mlready, mlready_endpoint, request, options)
    counter = _counter(options, seen)
    exactly = not mlready.alone and mlready_endpoint.started
    mlready_evidence.record("counter of violations", str(counter))
    mlready_evidence.conclude(
        invariants.judge(
            seen, lambda series: counting.chooses(counter, series), str(counter), exactly=exactly, by_request=by_request
        )
    )


@pytest.mark.monitoring("data_invariants")
def test_an_alert_fires_on_broken_rows(
    mlready: Project, mlready_evidence: Evidence, mlready_endpoint: Endpoint, request: pytest.FixtureRequest
) -> None:
    """An alert on the counter fires when a share of the rows breaks the schema, and is silent on a good day."""
    from dataclasses import replace

    from pytest_mlready.manifests.rules import counted

    mlready_evidence.grade("replayed")
    options = mlready.options(ITEM.id)
    seen = _seen(mlready, mlready_endpoint, request, options)
    counter = _counter(options, seen)
    rules = counting.rules(mlready, mlready_evidence, options)
    verdicts = alerting.sound(rules, mlready_evidence)
    moved = seen.moved
    own = frozenset(series for series in {**moved, **seen.one.each} if counting.chooses(counter, series))
    if not own:
        mlready_evidence.inconclusive(f"broken rows do not move {counter}, so that no alert on it can be tried")
    whole = replace(seen.good, samples=seen.samples)  # with all series that broken rows made
    exposed = alerting.exposed(mlready, options, whole, mlready_endpoint)
    facts = counted.Counted(
        about="rows that break the schema", good=seen.good.each, bad=seen.one.each, any_bad=moved, series=own,
        share=options["breach"], normal=options["normal"],
    )  # fmt: skip
    verdicts += counted.alerts(rules, facts, alerting.promise(mlready), alerting.setting(options, exposed))
    mlready_evidence.conclude(verdicts)


@pytest.mark.monitoring("data_invariants")
def test_invariants_on_batches_speak_of_what_breaks(
    mlready: Project, mlready_evidence: Evidence, request: pytest.FixtureRequest
) -> None:
    """The team's invariants on a batch are silent on good rows and speak when a column breaks."""
    options = mlready.options(ITEM.id)
    if options["statistics"] is None:
        mlready_evidence.unverified(
            "no invariants on batches are named", fix=f'{SETTING} statistics = "monitoring.invariants:broken"'
        )
    if mlready.settings.endpoint.start is None and mlready.settings.endpoint.url is None:
        mlready_evidence.inconclusive(
            "invariants on batches are half of what is asked, and no service is configured to send broken rows to. "
            'Next step: [tool.mlready.endpoint] start = "uvicorn service:app --port {port}"'
        )
    import numpy as np

    from pytest_mlready.artifacts import named
    from pytest_mlready.drift import planted
    from pytest_mlready.errors import ReadinessError

    mlready_evidence.grade("replayed")
    function = named.object_named(options["statistics"], mlready.root, error=ReadinessError)
    heldout, train = (request.getfixturevalue(f"mlready_{name}").X for name in ("heldout", "train"))
    invariants = planted.Invariants(function=function, name=options["statistics"])
    rng = np.random.default_rng(mlready.seed(ITEM.id))
    quiet = {"training": train, "held-out": heldout}
    mlready_evidence.conclude(
        [
            *planted.judge_quiet(invariants, quiet),
            *planted.judge_broken(invariants, heldout, least=options["min_caught"], rng=rng),
        ]
    )


def _seen(mlready: Project, endpoint: Endpoint, request: pytest.FixtureRequest, options: Mapping[str, Any]) -> Seen:
    """What valid and broken rows move on the service; once for all tests of a run.

    Raises:
        Inconclusive: It may not be disturbed, or what breaks its schema is not known.
    """
    from pytest_mlready.errors import Inconclusive
    from pytest_mlready.serving import invariants
    from pytest_mlready.serving.requests import specimen

    stash = request.config.stash
    if SEEN not in stash:
        if refusal := endpoint.plan.refusal(endpoint.url, changes_state=True):
            raise Inconclusive(f"no broken rows may be sent: {refusal}")
        endpoint.up().ask()
        stash[SEEN] = invariants.provoke(
            endpoint, specimen.take(endpoint), lambda: alerting.page(endpoint, options["metrics"]),
            own=_own(mlready, options["invalid"]), progress=mlready.progress,
        )  # fmt: skip
    return stash[SEEN]


def _own(mlready: Project, source: str | None) -> tuple[str, Any] | None:
    """The team's own invalid rows, and the file they stand in."""
    from pytest_mlready.documents import bounded

    if source is None:
        return None
    return source, bounded.read(mlready.file(source, "the invalid rows"), setting="invalid")


def _counter(options: Mapping[str, Any], seen: Seen) -> Selector:
    """The counter of violations: as the settings name it, else the one that the page has.

    Raises:
        Unverified: There is none that could be it.
        Inconclusive: The same, where invariants on batches are tested, which alone must not verify the item.
    """
    from pytest_mlready.errors import Inconclusive, Unverified
    from pytest_mlready.serving import invariants

    if options["counter"]:
        return counting.named(options["counter"])
    name = invariants.guessed(seen, by_request=counting.by_request(options, SETTING))
    if name is not None:
        return counting.plain(name)
    moved = ", ".join(invariants.apart(seen)[:5]) or "nothing"
    ending = Inconclusive if options["statistics"] else Unverified
    raise ending(
        f"{options['metrics']} has no counter whose name tells of rows that break the schema; broken rows, and not "
        f"valid ones, move: {moved}",
        fix=f'{SETTING} counter = "…", once the service counts them',
    )
