"""Renders Markdown that fits one comment on a pull request; what does not fit is left out and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.catalog import CATEGORIES
from pytest_mlready.reports import changes, until
from pytest_mlready.reports.document import policy
from pytest_mlready.reports.markdown_text import block, code, inline, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_mlready.catalog import Catalog

LIMIT = 65_000  # bytes: GitHub takes 65,536 characters in one comment
HEAD = 45_000  # bytes of it before the details
LISTED = 12  # shortfalls, findings and changes; the details have all
LONGEST = 300  # characters of one text in a list
WORST = ("failed", "error", "not_run", "inconclusive", "waived", "attested", "unverified", "verified", "not_applicable")


def render(document: Mapping[str, Any], catalog: Catalog) -> str:  # noqa: ARG001 - the form that all formats share
    """Verdict, what blocks, scores, changes, next steps; then what each category's items say, collapsed."""
    lines = _head(document)
    left = LIMIT - _size(lines) - 200  # for the sentence on what is left out
    kept, left_out = [], 0
    for n, (category, title) in enumerate(CATEGORIES.items()):
        items = {i: item for i, item in document["items"].items() if item["category"] == category}
        details, missing = _details(title, items, left // (len(CATEGORIES) - n))
        left -= _size(details)
        kept += details
        left_out += missing
    told = [f"{left_out} items are left out here, for length; the JSON and HTML reports have all.", ""]
    return "\n".join([*lines, *kept, *(told if left_out else [])]).rstrip("\n") + "\n"


def _head(document: Mapping[str, Any]) -> list[str]:
    """Verdict and sections, each whole or, where it would fill the comment, not at all."""
    lines = list(_verdict(document))
    for part in (_blocking, _scores, _changes, _expiring, _next_steps):
        section = list(part(document))
        if _size([*lines, *section]) <= HEAD:
            lines += section
        else:
            lines += [section[0], "", "Left out here, for length; the JSON and HTML reports have it.", ""]
    return lines


def _size(lines: Iterable[str]) -> int:
    return sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)


def _verdict(document: Mapping[str, Any]) -> Iterator[str]:
    gate, provenance = document["gate"], document["provenance"]
    verdict = "no gate is asked for" if not gate["asked"] else "gate passed" if gate["passed"] else "gate not passed"
    of = f" of {inline(document['system'], longest=80)}" if document["system"] else ""
    yield f"## Production readiness{of}: {verdict}"
    yield ""
    model, commit = provenance["model_sha256"], provenance["commit"]
    parts = [f"As of {provenance['as_of']}", f"model {code(model[:12])}" if model else "no model artifact"]
    parts += [f"commit {code(commit[:10])}{' with changes' if provenance['dirty'] else ''}"] if commit else []
    yield f"{', '.join(parts)}, {inline(provenance['trigger'])}, {provenance['seconds']:.0f} s."
    for word, reasons in (("incomplete", document["trouble"]), ("partial, so it has no scores", document["partial"])):
        if reasons:
            yield f"**This run is {word}:** {inline('; '.join(reasons), longest=3 * LONGEST)}"
    if gate["asked"]:
        yield f"The gate asks for {inline(policy(document['policy']), longest=3 * LONGEST)}."
    yield ""


def _blocking(document: Mapping[str, Any]) -> Iterator[str]:
    """The gate's shortfalls; without a gate what failed."""
    gate = document["gate"]
    if gate["asked"]:
        found = [inline(shortfall, longest=LONGEST) for shortfall in gate["shortfalls"]]
    else:
        failing = [(i, x) for i, x in document["items"].items() if x["status"] in ("failed", "error")]
        found = [f"{code(i)}: {inline(x['reason'].partition(chr(10))[0], longest=LONGEST)}" for i, x in failing]
    if found:
        yield from ["### What blocks" if gate["asked"] else "### What failed", "", *_listed(found), ""]


def _listed(texts: Sequence[str]) -> Iterator[str]:
    yield from (f"- {text}" for text in texts[:LISTED])
    if len(texts) > LISTED:
        yield f"- … and {len(texts) - LISTED} more"


def _scores(document: Mapping[str, Any]) -> Iterator[str]:
    rows = [_score(rubric, score) for rubric, score in document["scores"].items()]
    yield from ["### Scores", "", *table(["Rubric", "Score", "Sections"], rows), ""]


def _score(rubric: str, score: Mapping[str, Any] | None) -> list[str]:
    if score is None:
        return [inline(rubric.replace("_", " ")), "no score", ""]
    title = inline(score["title"])
    if "fraction" in score:
        parts = [f"{inline(name)} {c['points']:g}/{c['applicable']}" for name, c in score["categories"].items()]
        return [
            title,
            f"{score['points']:g} of {score['applicable']} ({changes.share(score['fraction'])})",
            ", ".join(parts),
        ]
    parts = [f"{inline(name)} {value:g}" for name, value in score["sections"].items()]
    return [title, f"**{score['score']:g}**: {inline(score['meaning'])}", ", ".join(parts)]


def _changes(document: Mapping[str, Any]) -> Iterator[str]:
    if "compared" not in document:
        return
    compared = document["compared"]
    told = [inline(text, longest=LONGEST) for _, text in changes.lines(compared)]
    yield from ["### Changes", "", f"{inline(changes.heading(compared), longest=LONGEST)}", ""]
    yield from [*_listed(told or ["nothing changed"]), ""]


def _next_steps(document: Mapping[str, Any]) -> Iterator[str]:
    steps = document.get("next_steps") or ()
    cheapest = [
        s["cheapest_path"] for s in document["scores"].values() if s and s.get("cheapest_path", {}).get("items")
    ]
    if not steps and not cheapest:
        return
    yield from ["### Next steps", ""]
    for step in steps:
        what = f"{inline(step['gain'])}: {', '.join(map(code, step['items']))}"
        yield from [f"{what}. {inline(step['why'], longest=LONGEST)}", "", *block(step["lines"]), ""]
    for way in () if steps else cheapest:
        yield from [f"To reach {way['to']:g}: verify {', '.join(map(code, way['items']))}.", ""]


def _expiring(document: Mapping[str, Any]) -> Iterator[str]:
    """What expires, and where a day was asked for, the scores of today beside those of that day."""
    soon = [inline(text, longest=LONGEST) for _, text in until.expiring(document)]
    if soon:
        yield from ["### Expires soon" if "two_days" not in document else "### Expires by then", "", *_listed(soon), ""]
    if told := until.scores(document):
        moved = [inline(text, longest=LONGEST) for text in until.moved(document, most=LISTED)]
        yield from ["### As of that day", "", f"**{inline(told)}**", "", *_listed(moved), "", until.ALIKE, ""]


def _details(title: str, items: Mapping[str, Any], budget: int) -> tuple[list[str], int]:
    """One category, collapsed, the worst first; and how many of its items found no room in `budget` bytes."""
    order = sorted(items, key=lambda i: WORST.index(items[i]["status"]))
    points = sum(items[i]["points"] for i in items)
    applicable = sum(items[i]["status"] != "not_applicable" for i in items)
    head = [f"<details><summary>{title}: {points:g} of {applicable} points ({_counts(items)})</summary>", ""]
    foot = ["", "</details>", ""]
    rows: list[str] = table(["Item", "Status", "Evidence", "Says"], [])
    room = budget - _size([*head, *rows, *foot])
    for n, item_id in enumerate(order):
        row = table(_cells(item_id, items[item_id]), [])[0]
        room -= _size([row])
        if room < 0:
            return ([*head, *rows, *foot] if n else []), len(order) - n
        rows.append(row)
    return [*head, *rows, *foot], 0


def _counts(items: Mapping[str, Any]) -> str:
    counts = {status: sum(item["status"] == status for item in items.values()) for status in WORST}
    return ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in counts.items() if n)


def _cells(item_id: str, item: Mapping[str, Any]) -> list[str]:
    says = [inline(line, longest=LONGEST) for line in item["reason"].splitlines()[:3]]
    if item["status"] == "waived":
        waiver = item["waiver"]
        says.insert(
            0, inline(f"waived by {waiver['owner']} until {waiver['expires']}: {waiver['reason']}", longest=LONGEST)
        )
    if item["status"] == "verified" and not says:
        says = [inline(_measured(item), longest=LONGEST)]
    return [code(item_id), inline(item["status"].replace("_", " ")), inline(item["grade"]), "<br>".join(says)]


def _measured(item: Mapping[str, Any]) -> str:
    """The numbers that were held against a limit: what a pass rests on."""
    shown = []
    for test in item["tests"]:
        for entry in test["evidence"]:
            limits = [f"{word} {entry[key]:g}" for key, word in (("min", "≥"), ("max", "≤"))
                      if isinstance(entry.get(key), (int, float))]  # fmt: skip
            if limits and isinstance(entry["value"], (int, float)):
                shown.append(
                    f"{entry['name']} {entry['value']:.4g} {entry.get('unit', '')}".rstrip() + f" ({', '.join(limits)})"
                )
    return "; ".join(shown[:4])
