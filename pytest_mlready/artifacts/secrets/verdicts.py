"""Judges what scans for credentials gave: any finding fails, and whatever was not looked into cannot pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_mlready.artifacts.secrets.scan import Report

_SHOWN = 20


def judge(reports: Sequence[Report], *, images: bool = False) -> list[Verdict]:
    """One verdict for each artifact.

    Args:
        reports: Of `scan`.
        images: Whether each must be a saved container image: any other file would pass for one without its layers.

    Returns:
        "failed" with every place, kind and digest; "inconclusive" when something was not looked into, or there was
        nothing to look into; else "passed". None for no reports.
    """
    return [_judge(report, image=images) for report in reports]


def _judge(report: Report, *, image: bool) -> Verdict:
    measured = _measured(report)
    if report.findings:
        found = _listed([str(finding) for finding in report.findings])
        gaps = f"\n{_gaps(report)}" if report.gaps else ""
        message = f"{report.name} holds {_count(len(report.findings), 'secret')}:\n{found}{gaps}"
        return Verdict(outcome="failed", message=message, measurements=measured)
    if report.gaps:
        return Verdict(outcome="inconclusive", message=_gaps(report), measurements=measured)
    if image and not report.images:
        message = f"{report.name} is not a saved image: it names no layers (docker save -o image.tar NAME writes one)"
        return Verdict(outcome="inconclusive", message=message, measurements=measured)
    if not report.files:
        message = f"{report.name} holds nothing to look into"
        return Verdict(outcome="inconclusive", message=message, measurements=measured)
    message = f"no secrets in {_count(report.files, 'file')} of {report.name}"
    return Verdict(outcome="passed", message=message, measurements=measured)


def _gaps(report: Report) -> str:
    return f"{_count(len(report.gaps), 'place')} in {report.name} could not be looked into:\n{_listed(report.gaps)}"


def _measured(report: Report) -> tuple[Measurement, ...]:
    name = report.name
    numbers = [
        Measurement(name=f"secrets in {name}", value=len(report.findings), max=0, n=report.files, note="n: files"),
        Measurement(name=f"places in {name} not looked into", value=len(report.gaps), max=0),
        Measurement(name=f"text in {name}", value=report.characters, unit="characters"),
    ]
    if report.accepted:
        numbers.append(Measurement(name=f"accepted by the baseline in {name}", value=report.accepted))
    if report.outside:
        note = "nothing is written under them"
        numbers.append(Measurement(name=f"members of {name} that lead out of it", value=report.outside, note=note))
    return tuple(numbers)


def _listed(lines: list[str]) -> str:
    more = [f"  and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "\n".join([*(f"  {line}" for line in lines[:_SHOWN]), *more])


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
