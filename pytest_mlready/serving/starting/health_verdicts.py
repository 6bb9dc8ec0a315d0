"""Judges health endpoints: there, fast, alive while the service loads, ready only when it can predict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.serving import conventions, readiness
from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.serving.readiness import Probes
    from pytest_mlready.serving.starting.health import Sample, Timeline
    from pytest_mlready.values import Outcome

WHAT = {"live": "liveness", "ready": "readiness"}
SETTING = '[tool.mlready.endpoint] live = "/…" and ready = "/…" name them'


def missing(probes: Probes) -> Verdict | None:
    """The failure of a service that lacks an endpoint; None when it has both."""
    lacking = [which for which in ("live", "ready") if getattr(probes, which) is None]
    if not lacking:
        return None
    names = " and no ".join(f"{WHAT[which]} endpoint" for which in lacking)
    tried = dict.fromkeys(p for w in lacking for p in readiness.paths(probes.convention, w, probes.model))
    if probes.nowhere is not None and probes.nowhere >= 300:
        return _verdict(
            "inconclusive",
            f"no {names} could be found: every path answers {probes.nowhere}, even one that does not exist. Next step: "
            f"{SETTING}",
        )
    alike = "" if probes.nowhere is None else f" but the answer {probes.nowhere} that every path gets"
    return _verdict(
        "failed",
        f"the service has no {names}: nothing is there on {', '.join(tried)}{alike}. Next step: add it, or {SETTING}",
    )


def of_start(timeline: Timeline, probes: Probes, *, limit: float, crowded: str = "") -> list[Verdict]:
    """Judges a start with everything in its place, or a service that ran before.

    Args:
        timeline: What was seen.
        probes: Where it was asked.
        limit: Seconds that an answer may take.
        crowded: Why times measured now mean nothing; "" when they do.
    """
    found = [*_truth(timeline, probes), _liveness(timeline, probes), *_denials(timeline, probes)]
    found += [_speed(timeline, which, getattr(probes, which), limit, crowded) for which in _different(probes)]
    return [verdict for verdict in found if verdict is not None]


def _different(probes: Probes) -> tuple[str, ...]:
    return ("ready",) if probes.live == probes.ready else ("live", "ready")


def _truth(timeline: Timeline, probes: Probes) -> Iterator[Verdict]:
    """Readiness turns true, only when a prediction works, and stays so."""
    if timeline.obituary:
        yield _verdict("failed", f"{timeline.samples[-1].at:.2f} s after launch {timeline.obituary}")
        return
    asked = [s for s in timeline.samples if s.prediction is not None]
    if not asked:
        last = timeline.samples[-1]
        yield _verdict(
            "failed",
            f"readiness (GET {probes.ready}) did not turn true within {last.at:.1f} s: it answers {last.ready}",
        )
        return
    yield _honest(timeline, asked, probes)
    if any(s.at > asked[0].at and s.ready and s.ready.status and not s.ready.yes for s in timeline.samples):
        yield _verdict("failed", f"readiness (GET {probes.ready}) wavers: it turned true, and false again without load")


def _honest(timeline: Timeline, asked: list[Sample], probes: Probes) -> Verdict:
    wrong = [s for s in asked if s.prediction is not None and s.prediction.wrong]
    right = next((s for s in asked if s.prediction is not None and not s.prediction.wrong), None)
    measurements = [Measurement(name="readiness true after launch", value=round(asked[0].at, 3), unit="s")]
    if right is not None:
        measurements.append(Measurement(name="prediction right after launch", value=round(right.at, 3), unit="s"))
    if not timeline.launched:
        measurements = [Measurement(name="predictions right while ready", value=len(asked) - len(wrong), n=len(asked))]
    if not wrong:
        return _verdict(
            "passed",
            f"readiness is true{timeline.when(asked[0].at)}, and predictions are right from then on",
            *measurements,
        )
    said = wrong[0].prediction.wrong if wrong[0].prediction else ""
    if right is None and all(s.prediction and s.prediction.refused for s in wrong):
        return _verdict("inconclusive", f"whether readiness is honest cannot be told: the good request fails: {said}")
    until = f"for {right.at - wrong[0].at:.2f} s" if right and right.at > wrong[0].at else "to the end"
    return _verdict(
        "failed",
        f"readiness lies: GET {probes.ready} said yes{timeline.when(wrong[0].at)} while predictions failed, {until}: "
        f"{said.rstrip('.')}. "
        "Next step: answer 503 until the loaded model has answered one prediction",
        *measurements,
    )


def _liveness(timeline: Timeline, probes: Probes) -> Verdict | None:
    """Liveness says yes from its first answer on."""
    seen = timeline.answers("live")
    if not seen:
        return _verdict("failed", f"liveness (GET {probes.live}) never answered")
    no = [(at, answer) for at, answer in seen if not answer.yes and answer.kind != "timeout"]
    measured = Measurement(name="liveness answers", value=len(seen) - len(no), n=len(seen), note="that say yes")
    if one_for_both(probes) and timeline.ready_at is not None:
        no = [(at, answer) for at, answer in no if at > timeline.ready_at]
    if not no:
        return _verdict("passed", "liveness stays true", measured)
    at, answer = no[0]
    both = " It is readiness at once: give liveness a path of its own." if probes.live == probes.ready else ""
    loading = timeline.launched and (timeline.ready_at is None or at < timeline.ready_at)
    return _verdict(
        "failed",
        f"liveness (GET {probes.live}) answers {answer}{timeline.when(at)}"
        + (" while the service loads: a liveness probe would restart the container for ever" if loading else "")
        + f".{both} Next step: let it say only that the process can answer",
        measured,
    )


def one_for_both(probes: Probes) -> bool:
    """Whether the protocol itself has one endpoint for liveness and readiness, as MLflow and TorchServe do."""
    own = probes.convention
    alike = probes.live == probes.ready
    return alike and own is not conventions.KUBERNETES and len({*own.live} & {*own.ready}) > 0


def _denials(timeline: Timeline, probes: Probes) -> Iterator[Verdict]:
    """An answer whose status says yes and whose body says no."""
    for which in _different(probes):
        denied = next(((at, a) for at, a in timeline.answers(which) if a.denial), None)
        if denied is not None:
            yield _verdict(
                "failed",
                f"{WHAT[which]} (GET {getattr(probes, which)}) answers {denied[1].status} with {denied[1].denial} in "
                f"its body{timeline.when(denied[0])}: a probe reads the status alone. Next step: answer 503",
            )


def _speed(timeline: Timeline, which: str, path: str | None, limit: float, crowded: str) -> Verdict | None:
    """Each answer comes in time; the very first may have waited for the service to accept connections."""
    seen = timeline.answers(which)
    counted = seen[1:] if timeline.launched else seen
    if not counted:
        return None
    at, slowest = max(counted, key=lambda one: one[1].seconds)
    measured = Measurement(
        name=f"{WHAT[which]}, slowest answer", value=round(slowest.seconds, 4), max=limit, n=len(counted), unit="s"
    )
    told = f"{WHAT[which]} (GET {path}) took {slowest.seconds:.2f} s to answer{timeline.when(at)}"
    if slowest.seconds <= limit:
        return _verdict("passed", f"{WHAT[which]} answers within {limit:g} s", measured)
    if crowded:
        return _verdict("inconclusive", f"{told}, more than {limit:g} s, but {crowded}", measured)
    return _verdict(
        "failed",
        f"{told}; at most {limit:g} s is expected. Next step: look nothing up in it, compute nothing",
        measured,
    )


def without_model(timeline: Timeline, probes: Probes) -> list[Verdict]:
    """Judges a start without the model: readiness never says yes; the process ends, or liveness stays true."""
    if timeline.ready_at is not None:
        return [_cannot_say_no(timeline, probes)]
    seconds = Measurement(name="watched without its model", value=round(timeline.samples[-1].at, 2), unit="s")
    if timeline.obituary:
        how = timeline.obituary.partition(";")[0].removeprefix("the service ")
        return [_verdict("passed", f"without its model the service {how} and was never ready", seconds)]
    if not timeline.answers("live") and not timeline.answers("ready"):
        silent = (
            "without its model the service neither ends nor answers: nobody can tell whether it waits for ever or "
            "only takes long. Next step: end with an error, or stay live and not ready"
        )
        return [_verdict("inconclusive", silent, seconds)]
    found = [_verdict("passed", "without its model the service is never ready", seconds)]
    live = [] if probes.live == probes.ready else timeline.answers("live")
    no = next(((at, a) for at, a in live if not a.yes), None)
    if no is not None:
        found.append(
            _verdict(
                "failed",
                f"without its model the service neither ends nor stays live: GET {probes.live} answers {no[1]} "
                f"{no[0]:.2f} s after launch, so it is restarted for ever without a word. Next step: end with an "
                "error, or stay live and not ready",
            )
        )
    return found


def _cannot_say_no(timeline: Timeline, probes: Probes) -> Verdict:
    sample = next(s for s in timeline.samples if s.ready is not None and s.ready.yes)
    told = f"without its model GET {probes.ready} says yes {sample.at:.2f} s after launch"
    if sample.prediction is not None and not sample.prediction.wrong:
        return _verdict(
            "inconclusive",
            f"{told}, and predictions work: either the model was not really taken away, or something else answers in "
            "its place. Next step: let without_model, or {model} in start, name what the service loads, and set expect",
        )
    wrong = sample.prediction.wrong if sample.prediction else "none was asked for"
    return _verdict(
        "failed",
        f"{told}: it cannot say no (a prediction: {wrong}). Next step: answer 503 until the model is loaded",
    )


def _verdict(outcome: Outcome, message: str, *measurements: Measurement) -> Verdict:
    return Verdict(outcome=outcome, message=message, measurements=measurements)
