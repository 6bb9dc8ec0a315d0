"""Renders the HTML report: one file, no script, every text from outside escaped, a bound on its size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.catalog import CATEGORIES
from pytest_mlready.errors import clean
from pytest_mlready.reports import until
from pytest_mlready.reports.document import policy
from pytest_mlready.reports.page import STEPS, filters, history, items, overview, rubrics, words
from pytest_mlready.reports.plots.numbers import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jinja2

    from pytest_mlready.catalog import Catalog
    from pytest_mlready.reports.page import Limits

LARGEST = 500_000  # bytes
PLAIN = ("words", "mark", "tone", "cut", "days", "missed", "sentence", "moment", "took")  # filters of their own name


def render(document: Mapping[str, Any], catalog: Catalog) -> str:
    """The page; numbers come from the document, questions and remedies from the catalogue.

    Where the document is so large that the page would be, measurements and texts that matter least are left out, and
    the page says how many.
    """
    template = _environment(document).get_template("report.html.jinja")
    drawn = items.Drawn()
    for limits in STEPS:
        page = template.render(**_shown(document, catalog, limits, drawn))
        page = page.encode("utf-8", "backslashreplace").decode()
        if len(page.encode()) <= LARGEST:
            break
    return page


def _environment(document: Mapping[str, Any]) -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pytest_mlready", "reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    ids = frozenset(document["items"])
    environment.filters |= {name: getattr(words, name) for name in PLAIN}
    environment.filters |= {"limits": words.limits, "interval": words.interval, "number": shown, "policy": policy}
    environment.filters["linked"] = lambda text: words.linked(text, ids)
    environment.finalize = lambda value: clean(value) if type(value) is str else value
    return environment


def _shown(document: Mapping[str, Any], catalog: Catalog, limits: Limits, drawn: items.Drawn) -> dict[str, Any]:
    """All that the template asks for, by name."""
    compared = document.get("compared")
    found = history.points(document)
    return {
        "report": document,
        "limits": limits,
        "categories": CATEGORIES,
        "statuses": words.STATUSES,
        "grades": words.GRADES,
        "verdict": overview.verdict(document),
        "titles": {rubric.id: rubric.title for rubric in catalog.rubrics},
        "amiss": overview.amiss(document),
        "bars": {key: overview.bars(key, s, catalog) for key, s in document["scores"].items() if s},
        "since": overview.since(compared) if compared else "",
        "changed": overview.changed(compared) if compared else [],
        "steps": overview.steps(document),
        "expiring": document["expiring"],
        "two_days": until.scores(document),
        "moved": list(until.moved(document, most=limits.listed)),
        "alike": until.ALIKE,
        "views": items.views(document, catalog, limits, drawn),
        "choices": filters.choices(document["items"]),
        "sheets": rubrics.sheets(document, catalog),
        "history": found[-limits.listed :],
        "trend": history.figures(found),
    }
