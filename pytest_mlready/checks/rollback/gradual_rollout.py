"""Asks whether a new model first meets a small, watched share of traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Item, Option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.manifests.documents import Problem
    from pytest_mlready.manifests.rollout.ramp import Ramp
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.values import Dataset, Model, Verdict

ITEM = Item(
    id="rollback.gradual_rollout",
    title="Gradual rollout: flags or traffic splitting",
    question="Does a new model first meet a small, watched share of traffic before it gets all of it?",
    why=(
        "Some failures exist only in production: an input that staging never sees, a library that differs on the "
        "serving host, users who react. At 5 % of traffic they are an incident report; at 100 % they are an outage. A "
        "split that is configured but not routed sends everybody to the new model while the file says ten percent."
    ),
    looks_at=(
        "Three things. The configuration, in the manifests that deploy.manifests or `manifests` names, or those found, "
        "and in flag files (`flags`): Argo Rollouts, Flagger, KServe's canaryTrafficPercent, weights of Istio, the "
        "Gateway API and SMI, fractional flags of flagd. It passes when the first share is at most first_step, at "
        "least min_steps shares below 100 % are held for a while, and an analysis that can abort is attached. Objects "
        "that keep the present share alone (all but Argo and Flagger) are held against the declared `steps`, and the "
        "alerts on which you go back (`alerts`) must be among your rules. It fails when one of these is not so, when "
        "the new version has all of the traffic, when weights follow one another without a pause, when Argo has no "
        "traffic router and one of its few replicas is a larger share, when KServe runs in a mode that ignores the "
        "percentage, when Flagger's provider routes no weights or its analysis is skipped, when a metric has no limit, "
        "and when a flag is switched off. The split, live: `requests` good requests go to the router at live_url, or "
        "to one that live_start starts, and the model that each answer names is counted. It passes when the "
        "candidate's count lies in the exact binomial interval at its weight (`share`, or the first step of the "
        "configuration) and every answer is right; with user_header each request comes as another user, and those "
        "asked twice must stay with one version. The serving stack: 1,000 held-out rows are sent through the "
        "configured service, whose answers must be the candidate's own; alone this verifies nothing here, and in the "
        "ML Test Score the item counts in full only with it. What is not understood, not rendered, or refers to an "
        "analysis that is not there, and too few requests, are inconclusive."
    ),
    how_to_fix=(
        "Route by weight at the gateway or by a flag keyed on the user, so that one user stays with one version. Start "
        "at 1 to 10 % beside a control of equal size. Attach an analysis of errors, latency and prediction "
        "distribution that aborts by itself. Before that, load the candidate in the serving image and replay sampled "
        "requests."
    ),
    attestation=(
        "Steps and shares of the last rollout, how the split was observed, what was analysed against which control, "
        "who could abort, versions and date."
    ),
    lifetime_days=90,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 6: models are canaried before serving",
        "Beyer et al. 2018, The Site Reliability Workbook, Canarying Releases",
        "Argo Rollouts documentation, Traffic management",
    ),
    options=(
        Option(
            name="manifests", type="strings", default=(),
            doc="Manifests of the rollout: files, folders or globs; left out: those of the deployment.",
        ),
        Option(name="flags", type="strings", default=(), doc="Flag files of flagd."),
        Option(name="flag", type="string", default=None, doc="Name of the flag that decides, where there are several."),
        Option(
            name="canary", type="string", default=None,
            doc="Name of the backend, subset or variant that has the new version.",
        ),
        Option(
            name="first_step", type="fraction", default=0.10,
            doc="Largest first share: at a tenth of the traffic a failure is an incident report.",
        ),
        Option(name="min_steps", type="integer", default=2, doc="Least number of shares below 100 %."),
        Option(
            name="steps", type="strings", default=(),
            doc='Shares of the procedure, for tools that keep the present one alone: ["5 %", "25 %", "50 %"].',
        ),
        Option(
            name="alerts", type="strings", default=(),
            doc="Alerts on which you go back, for tools that attach no analysis of their own.",
        ),
        Option(
            name="live_start", type="string", default=None,
            doc="Command that starts a router over both versions on {port}, with the environment of the service.",
        ),
        Option(name="live_url", type="string", default=None, doc="Address of a router that runs already."),
        Option(
            name="share", type="string", default=None,
            doc='Weight of the candidate at the router, such as "5 %"; left out: the first step of the configuration.',
        ),
        Option(
            name="requests", type="integer", default=600,
            doc="Requests to the router; of 600 a weight of 5 % gives 12 to 53 at the confidence below.",
        ),
        Option(
            name="split_confidence", type="fraction", default=0.9999,
            doc="Of the interval: a true split fails once in 10,000 runs, since requests cannot be seeded.",
        ),
        Option(
            name="user_header", type="string", default=None,
            doc="Header by which the router tells users apart, so that each stays with one version.",
        ),
    ),
)  # fmt: skip

SETTING = f'[tool.mlready.items."{ITEM.id}"]'


@pytest.mark.rollback("gradual_rollout")
def test_small_first_step_and_something_that_watches(mlready: Project, mlready_evidence: Evidence) -> None:
    """The configuration begins with a small share, goes on in steps, and is watched by what can abort."""
    from pytest_mlready.manifests.rollout import verdicts

    ramps, problems = _ramps(mlready)
    mlready_evidence.grade("static")
    if not ramps and not problems:
        _nothing(mlready, mlready_evidence)
    wanted = _wanted(mlready)
    for ramp in ramps:
        for note in ramp.notes:
            mlready_evidence.record("note", f"{ramp.tool}: {note}")
    judged = [verdict for ramp in ramps for verdict in verdicts.judge(ramp, wanted)]
    mlready_evidence.conclude([*judged, *(problem.verdict() for problem in problems)])


def _ramps(mlready: Project) -> tuple[list[Ramp], list[Problem]]:
    """What rolls the serving workload out, and what could not be read or understood."""
    from pytest_mlready.manifests.rollout import find

    options = mlready.options(ITEM.id)
    named = find.Named(canary=options["canary"], flag=options["flag"], workload=mlready.settings.deploy.workload)
    flags = mlready.files(options["flags"], "the flag file")
    found, problems = find.read(_paths(mlready, options["manifests"]), flags, root=mlready.root, named=named)
    # A file that was only found, and that says nothing of a rollout, need not be readable.
    meant = bool(options["manifests"] or options["flags"] or mlready.settings.deploy.manifests)
    return found, problems if meant or found else []


def _paths(mlready: Project, named: Sequence[str]) -> tuple[Any, ...]:
    names = named or mlready.settings.deploy.manifests
    if names:
        return mlready.files(names, "the manifest")
    return tuple(mlready.root / place for place in mlready.discovered.manifests)


def _nothing(mlready: Project, evidence: Evidence) -> None:
    fix = f'{SETTING} manifests = ["deploy/rollout.yaml"] or flags = ["flags.json"]'
    if mlready.options(ITEM.id)["steps"] or mlready.options(ITEM.id)["manifests"]:
        evidence.inconclusive(f"steps are declared, and nothing that routes by weight was found. Next step: {fix}")
    evidence.unverified("nothing that rolls a new version out step by step was found", fix=fix)


def _wanted(mlready: Project) -> Any:
    from pytest_mlready.manifests.rollout import alerts, verdicts

    options = mlready.options(ITEM.id)
    rules = [mlready.root / place for place in mlready.discovered.rules]
    return verdicts.Wanted(
        first=options["first_step"],
        fewest=options["min_steps"],
        steps=tuple(_share(text, "steps") for text in options["steps"]),
        watched=alerts.named(options["alerts"], rules, root=mlready.root),
    )


def _share(text: str, setting: str) -> float:
    from pytest_mlready.errors import SettingsError
    from pytest_mlready.manifests.rollout import ramp

    found = ramp.share(text)
    if found is None:
        raise SettingsError(f"{setting} of {ITEM.id} has {text!r}", expected='a percentage such as "5 %"')
    return found


@pytest.mark.rollback("gradual_rollout")
def test_observed_split(mlready: Project, mlready_evidence: Evidence) -> None:
    """The router gives the candidate the share of requests that its weight says."""
    from pytest_mlready.values import Verdict

    options = mlready.options(ITEM.id)
    if options["live_start"] is None and options["live_url"] is None:
        fix = f'{SETTING} live_start = "python deploy/canary.py --port {{port}}" or live_url = "http://127.0.0.1:8080"'
        mlready_evidence.unverified("no router over both versions is configured", fix=fix)
    mlready_evidence.grade("live")
    ramps, _ = _ramps(mlready)
    share = _weight(options["share"], ramps)
    if share is None:
        fix = f'{SETTING} share = "5 %"'
        mlready_evidence.inconclusive(f"the weight of the candidate at the router is not known. Next step: {fix}")
    verdicts = _observed(mlready, share)
    if not ramps:  # a split that is as told leaves open which steps follow it, and what aborts them
        told = "nothing that rolls out step by step was found beside the router"
        verdicts.append(Verdict(outcome="inconclusive", message=f'{told}. Next step: {SETTING} manifests = ["…"]'))
    mlready_evidence.conclude(verdicts)


def _weight(told: str | None, ramps: Sequence[Ramp]) -> float | None:
    if told is not None:
        return _share(told, "share")
    return next((ramp.steps[0] for ramp in ramps if ramp.steps), None)


def _observed(mlready: Project, share: float) -> list[Verdict]:
    from pytest_mlready.serving.canary import router, split

    options = mlready.options(ITEM.id)
    url, start = options["live_url"], options["live_start"]
    with router.opened(mlready.plan, url=url, start=start, progress=mlready.progress) as endpoint:
        seen = split.observe(
            endpoint,
            requests=options["requests"],
            sha256=mlready.digests.model,
            version=mlready.settings.version,
            user_header=options["user_header"],
            progress=mlready.progress,
        )
    return split.judge(seen, share=share, confidence=options["split_confidence"])


@pytest.mark.rollback("gradual_rollout")
def test_candidate_in_the_serving_stack(
    mlready: Project,
    mlready_evidence: Evidence,
    mlready_endpoint: Endpoint,
    mlready_model: Model,
    mlready_heldout: Dataset,
) -> None:
    """A thousand held-out rows through the running service get the candidate's own answers."""
    from pytest_mlready.serving.canary import candidate

    endpoint = mlready_endpoint.up()
    frame = mlready_heldout.X
    columns = candidate.columns(endpoint)
    if missing := [name for name in columns if name not in frame.columns]:
        mlready_evidence.inconclusive(f"the service takes {missing[0]}, which the held-out set has no column for")
    count = min(frame.height, candidate.FEWEST)
    rows = frame.sample(count, seed=mlready.seed(ITEM.id), shuffle=True)
    own = candidate.expected(mlready_model, rows)
    replayed = candidate.replay(endpoint, rows.select(columns), own, mlready.progress)
    sha256, version = mlready.digests.model, mlready.settings.version
    verdicts = candidate.judge(endpoint, replayed, sha256=sha256, version=version)
    loaded = all(verdict.outcome == "passed" for verdict in verdicts)
    mlready_evidence.record(candidate.RECORD, loaded, n=replayed.sent)
    mlready_evidence.conclude(verdicts)
    if not _ramps(mlready)[0]:
        mlready_evidence.unverified("the candidate answers in the serving stack, but nothing rolls it out step by step")
