"""Names what could be done next: what is missing, the lines that would supply it, and the items that wait for it; pure.

Most of it stands in the messages of the tests ("Next step: …"); tests that name the same lines wait for the same.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mlready import paste, step_gains
from pytest_mlready.init import workflows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pytest_mlready.discovery import Discovered
    from pytest_mlready.init.seen import Seen
    from pytest_mlready.paste import Line
    from pytest_mlready.settings import Settings
    from pytest_mlready.step_gains import Gain
    from pytest_mlready.tally import ItemResult, Tally

STEP = "Next step: "
UNTOLD = ("unverified", "inconclusive")
MENDED = 1.5  # effort of mending one finding, as paste has them: known only to who mends it
ASKED, AGREED = 8.0, 2.0  # effort of a document with a person's word, and of the word alone
WORD = '--evidence FILE --by "NAME" --role "ROLE" --approver "OTHER NAME" --expires YYYY-MM-DD'
SHOWN = 3  # commands of one step


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One thing that could be done.

    Attributes:
        items: What it lets be judged, or mends.
        gain: What that gains at most.
        why: One sentence.
        settings: Lines for the settings; empty where it is done by commands.
        commands: Lines for a shell.
        effort: Sum over the lines, as paste has them.
    """

    items: tuple[str, ...]
    gain: Gain
    why: str
    settings: tuple[Line, ...] = ()
    commands: tuple[str, ...] = ()
    effort: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """All that candidates are made from."""

    tally: Tally
    settings: Settings
    discovered: Discovered
    seen: Seen

    def waiting(self, items: Sequence[str]) -> tuple[str, ...]:
        """Those of the items that are judged by nothing yet."""
        return tuple(i for i in items if (r := self.tally.results.get(i)) and r.status in UNTOLD)


def by_messages(given: Given, aside: Collection[tuple[str, str]]) -> Iterator[Candidate]:
    """What tests that could not tell say would let them; tests that say the same are one candidate.

    Args:
        given: The run.
        aside: (table, key) of settings that other candidates supply together; an item that waits for one of them is
            no nearer by anything else.
    """
    known = _known(given.discovered)
    groups: dict[tuple[tuple[Line, ...], str], dict[str, str]] = defaultdict(dict)
    extras: dict[str, list[str]] = defaultdict(list)  # item -> what is to be installed for it
    for item_id, result in given.tally.results.items():
        if result.status not in UNTOLD:
            continue
        asked = [(paste.lines(fix, known), paste.command(fix), said) for said, fix in _steps(result)]
        if any((line.table, line.key) in aside for lines, _, _ in asked for line in lines):
            continue
        for lines, (command, extra), said in asked:
            if extra:
                extras[item_id].append(extra)
            elif lines or command:
                groups[lines, command].setdefault(item_id, said)
    yield from _install(given, extras)
    for (lines, command), said_of in groups.items():
        items = tuple(said_of)
        yield Candidate(
            items=items,
            gain=step_gains.of_items(given.tally, items),
            why=next(iter(said_of.values())),
            settings=lines,
            commands=(command,) if command else (),
            effort=sum(line.effort for line in lines) or paste.KNOWN,
        )


def _known(discovered: Discovered) -> frozenset[str]:
    kinds = (
        getattr(discovered, name) for name in type(discovered).__dataclass_fields__ if name not in ("ci", "bounds")
    )
    return frozenset(path.as_posix() for kind in kinds for path in kind)


def _steps(result: ItemResult) -> list[tuple[str, str]]:
    """(what a test said, its next step) of each test that holds the item where it is.

    Parts that are unverified hold nothing back where others are inconclusive; and as long as one of those has no next
    step, those of the others lead nowhere.
    """
    holding = [t for t in result.tests if t.outcome == result.status]
    found = [_said(t.message) if t.builtin else [] for t in holding]
    if result.status == "inconclusive" and not all(found):
        return []
    return [step for steps in found for step in steps]


def _said(message: str) -> list[tuple[str, str]]:
    """The last "Next step: " of each line counts: what stands before may quote the outside."""
    parts = (text.rpartition(STEP) for text in message.split("\n"))
    return [(said.strip(), fix.strip()) for said, found, fix in parts if found]


def _install(given: Given, extras: Mapping[str, Sequence[str]]) -> Iterator[Candidate]:
    """All libraries that are missing, in one command."""
    if extras:
        items = tuple(extras)
        wanted = ",".join(sorted({extra for of_item in extras.values() for extra in of_item}))
        yield Candidate(
            items=items,
            gain=step_gains.of_items(given.tally, items),
            why=f"{len(items)} items are configured, and a library that they need is not installed.",
            commands=(f"pip install 'pytest-mlready[{wanted}]'",),
            effort=paste.KNOWN,
        )


def failed(given: Given) -> Iterator[Candidate]:
    """What was found wrong, together: it is there, and needs no settings."""
    items = tuple(i for i, r in given.tally.results.items() if r.status in ("failed", "error"))
    if items:
        many = f"{len(items)} items are" if len(items) > 1 else "1 item is"
        yield Candidate(
            items=items,
            gain=step_gains.of_items(given.tally, items),
            why=f"{many} not as asked: the message says what was found, this says how to get there.",
            commands=tuple(f"pytest-mlready explain {item}" for item in items[:SHOWN]),
            effort=MENDED * len(items),
        )


def attested(given: Given) -> Iterator[Candidate]:
    """Items that lack a person's word, and nothing else or all but that."""
    for item_id, result in given.tally.results.items():
        if (
            result.item.decided_by == "code"
            or result.status != "unverified"
            or any(a.valid for a in result.attestations)
        ):
            continue
        agreed = any(t.outcome == "passed" for t in result.tests)
        said = "its content is verified by code" if agreed else "only a person can decide it"
        yield Candidate(
            items=(item_id,),
            gain=step_gains.of_words(given.tally, (item_id,)),
            why=f"{result.item.title}: {said}, and nobody's word stands behind it.",
            commands=(f"pytest-mlready attest {item_id} {WORD}",),
            effort=AGREED if agreed else ASKED,
        )


def in_ci(given: Given) -> Iterator[Candidate]:
    """Letting CI run the gate, where that makes whole credits of half ones."""
    halves = [c for s in given.tally.scores.values() for c in s.credits.values() if c.note.startswith("half")]
    if halves:
        known = {provider.name: word for word, provider in workflows.PROVIDERS.items()}
        provider = next((known[name] for _, name in given.discovered.ci if name in known), "github")
        yield Candidate(
            items=tuple(dict.fromkeys(i for c in halves for i in c.by)),
            gain=step_gains.of_ci(given.tally),
            why=f"What only a local run verifies counts half: {given.tally.facts.automation.how}.",
            commands=(f"pytest-mlready init --ci {provider}",),
            effort=paste.KNOWN + paste.DECIDED,
        )
