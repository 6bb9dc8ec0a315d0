"""Judges a drill: did the commands bring the versions that they promise, in time, with the service answering?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.serving.rollback.drill import Drill, Switch, Task
    from pytest_mlready.serving.rollback.trickle import Seen

FEWEST = 10  # requests below which nothing is said about a gap in service


def judge(drill: Drill, task: Task, *, dropped: int, timed: str = "") -> list[Verdict]:
    """Verdicts on the whole drill.

    Args:
        drill: What happened.
        task: What was to be done.
        dropped: Requests that may fail.
        timed: Why times measured now mean nothing, or "".
    """
    if drill.before.wrong:
        told = f"the drill could not begin: {task.candidate.title} is not served at its start: {drill.before.wrong}"
        fix = "the service must start with the candidate in the drill's environment"
        return [Verdict(outcome="inconclusive", message=f"{told}. Next step: {fix}")]
    verdicts = [_switched(switch, task.limit, timed) for switch in drill.switches]
    verdicts.append(_answered(drill.seen, dropped))
    if all(switch.done for switch in drill.switches):
        verdicts += _told_apart(drill, task)
    return verdicts


def _switched(switch: Switch, limit: float, timed: str) -> Verdict:
    """One direction: the command, what is served after it, and the time."""
    title = switch.wanted.title
    measured: tuple[Measurement, ...] = (
        Measurement(
            name=f"{switch.name}, until verified", value=round(switch.seconds, 2), max=limit, unit="s",
            note=f"the command took {switch.ran.seconds:.1f} s: {switch.ran.shown}",
        ),
    )  # fmt: skip
    if switch.done and switch.standing is not None:
        measured += (Measurement(name=f"served after {switch.name}", value=switch.standing.told or "not told"),)
        return _in_time(switch, limit, timed, measured)
    message = " ".join(_why_not(switch, title))
    return Verdict(outcome="failed", message=message, measurements=measured)


def _in_time(switch: Switch, limit: float, timed: str, measured: tuple[Measurement, ...]) -> Verdict:
    told = f"{switch.name}: {switch.wanted.title} answers after {switch.seconds:.1f} s"
    if switch.seconds <= limit:
        return Verdict(outcome="passed", message=told, measurements=measured)
    if timed:
        why = f"{told}, more than {limit:g} s, but {timed}"
        return Verdict(outcome="inconclusive", message=why, measurements=measured)
    return Verdict(outcome="failed", message=f"{told}; expected at most {limit:g} s", measurements=measured)


def _why_not(switch: Switch, title: str) -> Iterator[str]:
    if switch.ran.ended:
        yield f"the {switch.name} command {switch.ran.ended}"
    elif switch.unchanged:
        yield (
            f"the {switch.name} command `{switch.ran.shown}` returned 0 and changed nothing: after "
            f"{switch.seconds:.1f} s the service still serves what it served before, expected {title}"
        )
    else:
        wrong = switch.standing.wrong if switch.standing else ""
        yield (
            f"the {switch.name} command `{switch.ran.shown}` returned 0, and after {switch.seconds:.1f} s the service "
            f"does not answer as {title}: {wrong}"
        )
    if switch.log:
        yield f"The service says last:\n{switch.log}\n"
    yield "Next step: perform the procedure by hand against the service, and correct the command"


def _answered(seen: Seen, dropped: int) -> Verdict:
    measured = (
        Measurement(name="requests failed while versions changed", value=seen.failed, max=dropped, n=seen.sent),
        Measurement(name="longest time without a right answer", value=round(seen.gap, 2), unit="s"),
    )
    if seen.failed > dropped:
        at, why = seen.reasons[0]
        told = (
            f"the service did not answer throughout: {seen.failed} of {seen.sent} requests failed, expected at most "
            f"{dropped}; the first {at:.1f} s after the drill began: {why}. Next step: load the other version beside "
            "the one that answers, and end that only when the new one is ready"
        )
        return Verdict(outcome="failed", message=told, measurements=measured)
    if seen.sent < FEWEST:
        told = f"only {seen.sent} requests were sent while versions changed, too few to see a gap"
        return Verdict(outcome="inconclusive", message=told, measurements=measured)
    return Verdict(outcome="passed", message=f"{seen.sent} requests were answered throughout", measurements=measured)


def _told_apart(drill: Drill, task: Task) -> Iterator[Verdict]:
    """Whether what was looked at could have shown the wrong version."""
    golden = task.previous.golden
    if golden is None:
        told = "no golden predictions of the previous version are configured, so that its answers were not compared"
        yield Verdict(outcome="inconclusive", message=f'{told}. Next step: golden = "releases/1.9.0/golden.json"')
        return
    named = {switch.standing.told for switch in drill.switches if switch.standing}
    if not drill.goldens_tell and (len(named) < len(drill.switches) or "" in named):
        told = (
            "nothing tells the two versions apart: the service names no digest, and the candidate answers the golden "
            "requests of the previous version just as that does"
        )
        fix = "let the service report the digest that it serves, or record requests that the two answer differently"
        yield Verdict(outcome="inconclusive", message=f"{told}. Next step: {fix}")
        return
    replayed = sum(switch.standing.replayed for switch in drill.switches if switch.standing) + drill.before.replayed
    yield Verdict(
        outcome="passed",
        message="the golden predictions of each version came back",
        measurements=(
            Measurement(name="golden predictions as on record", value=replayed),
            Measurement(name="golden predictions tell the versions apart", value=drill.goldens_tell),
        ),
    )
