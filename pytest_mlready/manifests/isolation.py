"""Judges whether NetworkPolicies close the serving pods both ways, and open no more than they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.manifests import label_selectors, policies
from pytest_mlready.manifests.documents import Judgement, Problem, failed
from pytest_mlready.manifests.policies import DIRECTIONS
from pytest_mlready.manifests.targets import may_share_namespace
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mlready.manifests.documents import Document
    from pytest_mlready.manifests.policies import Direction, Policy
    from pytest_mlready.manifests.workloads import Workload


def judge(
    serving: Sequence[Workload],
    workloads: Sequence[Workload],
    documents: Sequence[Document],
    *,
    public_ports: Sequence[str] = (),
) -> Judgement:
    """Findings over the policies that select the serving pods, or should.

    Args:
        serving: Workloads whose pods must be closed.
        workloads: All of them: a policy may be for another.
        documents: All documents.
        public_ports: Ports that anybody may reach.
    """
    found, foreign = policies.find(documents)
    readable, verdicts = _readable(found)
    warnings: list[str] = []
    used: dict[str, Policy] = {}
    for workload in serving:
        own = [p for p in readable if p.selects(workload) and _near(p, workload)]
        used.update({p.document.where: p for p in own})
        verdicts += _workload(workload, own, readable, foreign)
        if own and any("egress" in p.closes for p in own) and not any(map(policies.allows_dns, own)):
            warnings.append(f"{workload.where}: egress is closed and no rule lets port 53 out: names do not resolve")
    for policy in used.values():
        for direction in DIRECTIONS:
            findings, notes = policies.judge_rules(policy, direction, public_ports)
            verdicts, warnings = verdicts + findings, warnings + notes
    verdicts += [v for p in readable if p.document.where not in used for v in _for_nobody(p, serving, workloads)]
    if serving and not verdicts:
        verdicts = [_passed(serving, list(used.values()))]
    return Judgement(verdicts=tuple(verdicts), warnings=tuple(warnings))


def _readable(found: Sequence[Policy]) -> tuple[list[Policy], list[Verdict]]:
    """The policies whose selector can be read, and a verdict for each other."""
    readable, verdicts = [], []
    for policy in found:
        try:
            label_selectors.matches(policy.selector, {})
        except label_selectors.NotUnderstoodError as error:
            place = policy.document.place("spec", "podSelector")
            verdicts.append(Problem(where=place, kind="not understood", message=str(error)).verdict())
        else:
            readable.append(policy)
    return readable, verdicts


def _near(policy: Policy, workload: Workload) -> bool:
    return may_share_namespace(policy.document.namespace, workload.document.namespace)


def _workload(
    workload: Workload, own: Sequence[Policy], found: Sequence[Policy], foreign: Sequence[Document]
) -> Iterator[Verdict]:
    if workload.pod.get("hostNetwork") is True:
        place = workload.document.place(*workload.steps, "hostNetwork")
        yield failed(
            place, "hostNetwork is true, and no NetworkPolicy holds for the node's network", "hostNetwork left out"
        )
        return
    for direction in DIRECTIONS:
        closing = [p for p in own if direction in p.closes]
        if not closing:
            yield _open(workload, direction, own, found, foreign)
        elif sure := [p for p in closing if _same_namespace(p, workload)]:
            if direction == "ingress" and not any(list(p.rules("ingress")) for p in closing):
                names = ", ".join(p.document.title for p in sure)
                yield failed(workload.where, f"{names} let nobody in", "an ingress rule for whoever calls the service")
        else:
            names = ", ".join(p.document.where for p in closing)
            message = f"{workload.where} and {names}: only one names its namespace; name it in both"
            yield Verdict(outcome="inconclusive", message=message)


def _same_namespace(policy: Policy, workload: Workload) -> bool:
    return policy.document.namespace == workload.document.namespace


def _open(
    workload: Workload,
    direction: Direction,
    own: Sequence[Policy],
    found: Sequence[Policy],
    foreign: Sequence[Document],
) -> Verdict:
    """A direction that no policy closes; policies of other kinds may, which is not known."""
    if foreign:
        kinds = ", ".join(f"{d.where} of {d.api_version}" for d in foreign[:3])
        return Problem(
            where=workload.where, kind="not understood", message=f"{direction} may be closed by {kinds}"
        ).verdict()
    reasons = [f"{p.document.title}: {p.ignored}" for p in own if p.ignored]
    if not own:
        labels = ", ".join(f"{k}={v}" for k, v in workload.labels.items()) or "no labels"
        reasons.append(f"no policy selects its pods ({labels}{_elsewhere(workload, found)})")
        reasons += [
            f"{p.document.title} selects {label_selectors.text(p.selector)}{h}"
            for p in found[:20]
            if (h := _hint(p, workload))
        ]
    expected = f"a NetworkPolicy that selects its pods with policyTypes: [{direction.capitalize()}]"
    return failed(workload.where, f"{direction} is open{': ' + '; '.join(reasons) if reasons else ''}", expected)


def _elsewhere(workload: Workload, found: Sequence[Policy]) -> str:
    """Policies with the right labels in another namespace."""
    other = [p for p in found if p.selects(workload) and not _near(p, workload)]
    if not other:
        return ""
    one = other[0].document
    return f"; {one.title} would, but is in namespace {one.namespace} and they are in {workload.document.namespace}"


def _hint(policy: Policy, workload: Workload) -> str:
    return label_selectors.nearest(policy.selector, [workload.labels]) if not policy.selects(workload) else ""


def _for_nobody(policy: Policy, serving: Sequence[Workload], workloads: Sequence[Workload]) -> Iterator[Verdict]:
    """A policy beside the serving pods whose selector matches nothing that these manifests run."""
    beside = any(policy.document.namespace in (None, workload.document.namespace) for workload in serving)
    if not beside or any(policy.selects(w) and _near(policy, w) for w in workloads):
        return
    place = policy.document.place("spec", "podSelector")
    hint = label_selectors.nearest(policy.selector, [w.labels for w in workloads])
    yield failed(
        place, f"selects nothing: {label_selectors.text(policy.selector)}{hint}", "labels of pods in these manifests"
    )


def _passed(serving: Sequence[Workload], used: Sequence[Policy]) -> Verdict:
    names = ", ".join(w.title for w in serving)
    measured = (
        Measurement(name="workloads closed both ways", value=len(serving), n=len(serving)),
        Measurement(name="policies that select them", value=len(used)),
    )
    return Verdict(outcome="passed", message=f"{names}: closed both ways, opened by name only", measurements=measured)
