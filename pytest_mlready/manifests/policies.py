"""Reads NetworkPolicies: whom each selects, which directions it closes, and what its rules open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_mlready.manifests import addresses, label_selectors
from pytest_mlready.manifests.documents import Problem, at, entries, failed, is_odd, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mlready.manifests.documents import Document, Steps
    from pytest_mlready.manifests.workloads import Workload
    from pytest_mlready.values import Verdict

Direction = Literal["ingress", "egress"]
DIRECTIONS: tuple[Direction, ...] = ("ingress", "egress")
PEERS: dict[Direction, str] = {"ingress": "from", "egress": "to"}
_PEER_KEYS = ("podSelector", "namespaceSelector", "ipBlock")
_GROUPS = ("networking.k8s.io", "extensions")
# Policies of network plugins and of the cluster, whose rules are not read here.
_FOREIGN = (
    "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy", "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy", "StagedNetworkPolicy",
)  # fmt: skip
MANY = 30_000  # ports; the 28,232 that Linux takes for answers, 32768 to 60999, are fewer
_DNS = {"53", "dns", "dns-tcp", "domain"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One NetworkPolicy.

    Attributes:
        document: Where it stands.
        closes: Directions in which it denies what no rule allows.
        ignored: Why rules or an intent to deny have no effect; empty when all do.
    """

    document: Document
    closes: frozenset[Direction]
    ignored: str = ""

    @property
    def selector(self) -> Any:
        return at(self.document.content, "spec", "podSelector")

    def selects(self, workload: Workload) -> bool:
        """Whether it selects the pods of a workload; namespaces are not looked at.

        Raises:
            label_selectors.NotUnderstoodError: The selector cannot be read.
        """
        return label_selectors.matches(self.selector, workload.labels)

    def rules(self, direction: Direction) -> Iterator[tuple[Steps, Mapping[str, Any]]]:
        """(steps from the document, table) of each rule that has an effect."""
        if direction in self.closes:
            for index, rule in entries(self.document.content, "spec", direction):
                yield ("spec", direction, index), rule


def find(documents: Sequence[Document]) -> tuple[tuple[Policy, ...], tuple[Document, ...]]:
    """The NetworkPolicies, and policies of kinds that are not read here."""
    plain = [d for d in documents if d.kind == "NetworkPolicy" and d.group in _GROUPS]
    foreign = [d for d in documents if d.kind in _FOREIGN or (d.kind == "NetworkPolicy" and d.group not in _GROUPS)]
    return tuple(map(_policy, plain)), tuple(foreign)


def _policy(document: Document) -> Policy:
    """Without policyTypes, ingress is closed always, and egress only where the policy has egress rules."""
    spec = at(document.content, "spec")
    types, egress = at(spec, "policyTypes"), at(spec, "egress")
    if isinstance(types, list) and types:
        closes = frozenset(d for d in DIRECTIONS if d.capitalize() in types)
        without = [d for d in DIRECTIONS if at(spec, d) and d not in closes]
        ignored = f"its {without[0]} rules have no effect: policyTypes is {shown(types)}" if without else ""
        return Policy(document=document, closes=closes, ignored=ignored)
    if egress:
        return Policy(document=document, closes=frozenset(DIRECTIONS))
    written = isinstance(spec, Mapping) and "egress" in spec
    ignored = "its empty egress denies nothing without policyTypes: [Egress]" if written else ""
    return Policy(document=document, closes=frozenset({"ingress"}), ignored=ignored)


def judge_rules(policy: Policy, direction: Direction, public_ports: Sequence[str]) -> tuple[list[Verdict], list[str]]:
    """What the rules of one policy open to anybody.

    Args:
        policy: Selects a serving workload.
        direction: Of the rules.
        public_ports: Ports that anybody may reach.

    Returns:
        Findings, and what should be known.
    """
    if odd := _odd(policy, direction):
        message = f"{'.'.join(map(str, odd))} is no list of tables"
        return [Problem(where=policy.document.place(*odd), kind="not understood", message=message).verdict()], []
    verdicts: list[Verdict] = []
    warnings: list[str] = []
    blocks: list[tuple[addresses.Network, int]] = []
    for steps, rule in policy.rules(direction):
        ports = _ports(rule)
        excused = _excused(direction, ports, public_ports)
        peers = rule.get(PEERS[direction])
        if not peers:
            found = _no_peers(policy.document.place(*steps), direction, ports)
            verdicts += [] if excused else [found]
            warnings += [found.message] if excused else []
        for index, peer in enumerate(peers if isinstance(peers, list) else ()):
            place = policy.document.place(*steps, PEERS[direction], index)
            verdicts += _peer(place, peer, limited=bool(ports))
            blocks += [] if excused else _blocks(peer)
            if ports and _every_pod(peer) and not ports <= _DNS:
                warnings.append(f"{place}: every pod of every namespace is a peer{_on(ports)}")
    if opened := addresses.whole_internet(blocks):
        place = policy.document.place("spec", direction)
        expected = "the addresses that are needed, or a proxy" if direction == "egress" else "the callers"
        verdicts.append(failed(place, f"{direction} is open to {opened}, which is the internet", expected))
    return verdicts, warnings


def _odd(policy: Policy, direction: Direction) -> Steps:
    """Where rules, ports or peers have a shape that hides what they open; empty when nowhere."""
    content = policy.document.content
    if is_odd(content, "spec", direction):
        return ("spec", direction)
    for steps, rule in policy.rules(direction):
        if is_odd(rule, "ports"):
            return (*steps, "ports")
        peers = rule.get(PEERS[direction])
        if peers is not None and not isinstance(peers, list):
            return (*steps, PEERS[direction])
    return ()


def _no_peers(place: str, direction: Direction, ports: frozenset[str]) -> Verdict:
    whom = "anybody may come in" if direction == "ingress" else "the pods may reach anybody"
    return failed(place, f"a rule without `{PEERS[direction]}`: {whom}{_on(ports)}", "the peers that are needed")


def _on(ports: frozenset[str]) -> str:
    return f" on port {', '.join(sorted(ports))}" if ports else ""


def _ports(rule: Mapping[str, Any]) -> frozenset[str]:
    """The ports of a rule as text; empty when it is for all of them, or for about half."""
    found, many = set(), 0
    for _, entry in entries(rule, "ports"):
        port, end = entry.get("port"), entry.get("endPort")
        many += end - port if isinstance(end, int) and isinstance(port, int) else 0
        if port is None or many > MANY:
            return frozenset()
        found.add(str(port) if end is None else f"{port}-{end}")
    return frozenset(found)


def _excused(direction: Direction, ports: frozenset[str], public: Sequence[str]) -> bool:
    """Whether anybody may be the peer: at a public port on the way in, for name resolution on the way out."""
    return bool(ports) and ports <= (set(public) if direction == "ingress" else _DNS)


def allows_dns(policy: Policy) -> bool:
    """Whether a rule lets name resolution out."""
    return any(not _ports(rule) or _ports(rule) & _DNS for _, rule in policy.rules("egress"))


def _peer(place: str, peer: Any, *, limited: bool) -> Iterator[Verdict]:
    if not isinstance(peer, Mapping) or not [value for value in peer.values() if value is not None]:
        yield failed(place, f"an empty peer ({shown(peer)})", "a podSelector, a namespaceSelector or an ipBlock")
        return
    if unknown := [key for key in peer if key not in _PEER_KEYS]:
        yield Problem(where=place, kind="not understood", message=f'a peer with the key "{unknown[0]}"').verdict()
    for key in ("podSelector", "namespaceSelector"):
        try:
            label_selectors.matches(peer.get(key), {})
        except label_selectors.NotUnderstoodError as error:
            yield Problem(where=place, kind="not understood", message=str(error)).verdict()
    if not limited and _every_pod(peer):
        yield failed(
            place, "every pod of every namespace is a peer, on every port", "the namespaces or ports that are needed"
        )
    if peer.get("ipBlock") is not None:
        try:
            addresses.block(at(peer, "ipBlock", "cidr"), at(peer, "ipBlock", "except"))
        except ValueError as error:
            yield failed(place, str(error), "a cidr")


def _every_pod(peer: Any) -> bool:
    selector = at(peer, "namespaceSelector")
    return (
        selector is not None
        and label_selectors.is_empty(selector)
        and label_selectors.is_empty(at(peer, "podSelector"))
    )


def _blocks(peer: Any) -> list[tuple[addresses.Network, int]]:
    try:
        return [addresses.block(at(peer, "ipBlock", "cidr"), at(peer, "ipBlock", "except"))]
    except ValueError:  # no ipBlock, or a finding of its own
        return []
