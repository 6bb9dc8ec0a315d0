"""Brings to the checks on monitoring what they share: rules, the live page of metrics, and what was agreed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.catalog import Option

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_mlready.evidence import Evidence
    from pytest_mlready.manifests.rules.exposed import Exposed
    from pytest_mlready.manifests.rules.judging import Setting
    from pytest_mlready.manifests.rules.rule_set import RuleSet
    from pytest_mlready.manifests.rules.traffic import Promise
    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.metrics import Movement, Sample
    from pytest_mlready.serving.provoked import Provoked
    from pytest_mlready.values import Verdict

SEEN = pytest.StashKey["Provoked"]()
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
SCRAPE = 30.0

RULES = (
    Option(
        name="rules", type="strings", default=(),
        doc="Rule files: Prometheus' own, PrometheusRule objects, ConfigMaps with rules; those found when left out.",
    ),
    Option(name="ignore", type="strings", default=(), doc="Names of alerts that are about something else."),
    Option(
        name="scrape_interval", type="duration", default=SCRAPE,
        doc="Time between two scrapes; the default is that of the Prometheus operator.",
    ),
    Option(
        name="labels", type="table", default={},
        doc="Labels that Prometheus adds when it scrapes, such as job; what rules ask for is taken when left out.",
    ),
)  # fmt: skip
PAGES = (
    Option(
        name="metrics", type="string", default="/metrics",
        doc="The page of metrics: a path on the service, or the whole URL of a side port.",
    ),
    Option(
        name="pages", type="strings", default=(),
        doc='Further pages in Prometheus\' format: URLs, files, or "module:function" returning the text.',
    ),
    Option(name="prometheus", type="string", default=None, doc="URL of a running Prometheus to ask as well."),
    Option(name="job", type="string", default="", doc="Scrape job of the service in that Prometheus."),
)  # fmt: skip
SHARED = (*RULES, *PAGES)
NO_SLO = '[tool.mlready.endpoint] slo = { p99 = "250 ms", errors = 0.001 }'


def rules(project: Project, evidence: Evidence, options: Mapping[str, Any]) -> RuleSet:
    """The rules that an item's settings name, else those that were found.

    Raises:
        Unverified: There are none.
    """
    from pytest_mlready.manifests.rules import reading

    named = options["rules"]
    paths = project.files(named, "the rule file") if named else _found(project)
    if not paths:
        evidence.unverified(
            f"no alert rules are configured, and none were found below {project.root.name}/",
            fix='write monitoring/rules.yaml, or name the files: rules = ["…"] in the item\'s settings',
        )
    found = reading.read(paths, root=project.root)
    evidence.record("alert rules", len(found.alerts), note=f"{len(found.rules)} rules in {len(paths)} files")
    return found


def _found(project: Project) -> tuple[Path, ...]:
    return tuple(project.root / path for path in project.discovered.rules)


def sound(found: RuleSet, evidence: Evidence) -> list[Verdict]:
    """What promtool and our reading object to in the files themselves."""
    from pytest_mlready.manifests.rules import soundness

    evidence.record("promtool", soundness.tool())
    return soundness.verdicts(found)


def page(endpoint: Endpoint, path: str) -> tuple[Sample, ...]:
    """The live page of metrics, read with the good credential."""
    from pytest_mlready.serving import metrics

    _allowed(endpoint, path)
    return metrics.read(endpoint.send, path)


def asked(endpoint: Endpoint, path: str) -> Movement:
    """What good requests move on the live page.

    Raises:
        Inconclusive: The good request is not answered well, or the page cannot be read.
    """
    from pytest_mlready.serving import metrics

    endpoint.up().ask()  # the first may be slow, and shows that the request is good
    return metrics.movement(lambda: endpoint.send(endpoint.good), lambda: page(endpoint, path))


def provoked(project: Project, endpoint: Endpoint, request: pytest.FixtureRequest, path: str) -> Provoked:
    """Good, spoilt and failing requests and what each of them moves; once for all tests of a run.

    Raises:
        Inconclusive: Errors may not be provoked on this service, or cannot be.
    """
    from pytest_mlready.errors import Inconclusive
    from pytest_mlready.serving import provoked

    if SEEN in request.config.stash:
        return request.config.stash[SEEN]
    if refusal := endpoint.plan.refusal(endpoint.url, changes_state=True):
        raise Inconclusive(f"no errors may be provoked: {refusal}")
    project.progress("errors: provoking some")
    good = asked(endpoint, path)
    client = provoked.clients(endpoint, lambda: page(endpoint, path))
    seen = provoked.Provoked(good=good, client=client, server=provoked.failures(endpoint, path))
    project.progress("")
    request.config.stash[SEEN] = seen
    return seen


def _allowed(endpoint: Endpoint, path: str) -> None:
    from pytest_mlready.errors import Inconclusive

    refusal = endpoint.plan.refusal(path, changes_state=False) if "://" in path else None
    if refusal:
        raise Inconclusive(refusal)


def exposed(project: Project, options: Mapping[str, Any], movement: Movement, endpoint: Endpoint) -> Exposed:
    """What the service and its jobs expose, and what good requests move."""
    from pytest_mlready.manifests.rules.exposed import Exposed

    further = [s for source in options["pages"] for s in _further(project, source, endpoint)]
    return Exposed(
        samples=(*movement.samples, *further), moved=movement.each, seconds=movement.seconds, where=options["metrics"]
    )


def jobs(project: Project, options: Mapping[str, Any]) -> Exposed:
    """What the further pages expose, without any service."""
    from pytest_mlready.manifests.rules.exposed import Exposed

    pages = options["pages"]
    samples = [sample for source in pages for sample in _written(project, source)]
    return Exposed(samples=tuple(samples), where=", ".join(pages) or "no page of metrics")


def _further(project: Project, source: str, endpoint: Endpoint) -> Sequence[Sample]:
    if "://" in source or source.startswith("/"):
        return page(endpoint, source)
    return _written(project, source)


def _written(project: Project, source: str) -> Sequence[Sample]:
    """A page that a job writes to a file, or that a function of the team returns."""
    from pytest_mlready.artifacts import named
    from pytest_mlready.errors import ReadinessError
    from pytest_mlready.serving import metrics

    if not named.is_object(source):
        try:
            return metrics.parse(project.file(source, "the page of metrics").read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ReadinessError(f"the page of metrics {source} cannot be read: {error}") from None
    function = named.object_named(source, project.root, error=ReadinessError)
    try:
        text = function()
    except Exception as error:
        raise ReadinessError(f"{source} raised {type(error).__name__}: {error}") from error
    return metrics.parse(text.decode("utf-8", errors="replace") if isinstance(text, bytes) else str(text))


def promise(project: Project) -> Promise:
    """What the settings promise about the service."""
    from pytest_mlready.manifests.rules import traffic

    endpoint = project.settings.endpoint
    slo = endpoint.slo
    given = {q: getattr(slo, name) for name, q in QUANTILES.items() if slo is not None and getattr(slo, name)}
    return traffic.Promise(
        latency=given, errors=slo.errors if slo is not None else None, rps=endpoint.peak_rps or traffic.USUAL_RPS
    )


def setting(options: Mapping[str, Any], exposed_: Exposed) -> Setting:
    """Where an item's alerts are evaluated."""
    from pytest_mlready.manifests.rules.judging import Setting

    labels = {str(k): str(v) for k, v in options["labels"].items()}
    return Setting(exposed=exposed_, scrape=options["scrape_interval"], labels=labels, ignore=options["ignore"])


def live(options: Mapping[str, Any], endpoint: Endpoint, names: Iterable[str], fresh: float = 300.0) -> list[Verdict]:
    """What a running Prometheus says about these series, where one is configured."""
    from pytest_mlready.serving import live_prometheus

    url = options["prometheus"]
    if not url:
        return []
    _allowed(endpoint, url)
    return live_prometheus.judge(url, list(dict.fromkeys(names)), job=options["job"], fresh=fresh)
