from __future__ import annotations

import pytest

from pytest_mlready.manifests import label_selectors
from pytest_mlready.manifests.label_selectors import NotUnderstoodError

LABELS = {"app": "income", "tier": "serving", "version": "2"}


def expression(key, operator, *values):
    return {"matchExpressions": [{"key": key, "operator": operator, **({"values": list(values)} if values else {})}]}


@pytest.mark.parametrize(
    "selector",
    [None, {}, {"matchLabels": {}}, {"matchLabels": {"app": "income"}}, {"matchLabels": {"version": 2}},
     expression("app", "In", "web", "income"), expression("app", "NotIn", "web"), expression("none", "NotIn", "web"),
     expression("app", "Exists"), expression("none", "DoesNotExist"),
     {"matchLabels": {"app": "income"}, **expression("tier", "In", "serving")}],
)  # fmt: skip
def test_selectors_that_match(selector):
    assert label_selectors.matches(selector, LABELS)


@pytest.mark.parametrize(
    "selector",
    [{"matchLabels": {"app": "web"}}, {"matchLabels": {"none": "x"}}, expression("app", "In", "web"),
     expression("none", "In", "x"), expression("app", "NotIn", "income"), expression("none", "Exists"),
     expression("app", "DoesNotExist"), {"matchLabels": {"app": "income"}, **expression("tier", "In", "web")}],
)  # fmt: skip
def test_selectors_that_do_not_match(selector):
    assert not label_selectors.matches(selector, LABELS)


@pytest.mark.parametrize(
    ("selector", "said"),
    [(expression("app", "in", "income"), "operator 'in' of a selector; there are In,"), (expression("app", None), "operator None"),
     ({"matchlabels": {"app": "income"}}, 'did you mean "matchLabels"'), ("app=income", "expected a table"),
     ({"matchLabels": {"app": "web"}, **expression("app", "Gt", "1")}, "operator 'Gt'"),
     ({"matchLabels": ["app"]}, "matchLabels is"), ({"matchExpressions": {"key": "app"}}, "matchExpressions is"),
     ({"matchExpressions": ["app"]}, "matchExpressions is")],
)  # fmt: skip
def test_what_kubernetes_does_not_know_is_not_understood(selector, said):
    with pytest.raises(NotUnderstoodError, match=said):
        label_selectors.matches(selector, LABELS)


def test_a_near_label_is_hinted_at():
    assert label_selectors.nearest({"matchLabels": {"app": "incone"}}, [LABELS]) == '; did you mean "app=income"?'
    assert label_selectors.nearest(expression("app", "In", "incom"), [LABELS]) == '; did you mean "app=income"?'
    assert label_selectors.nearest({"matchLabels": {"app": "income"}}, [LABELS]) == ""
    assert label_selectors.nearest({"matchLabels": {"team": "payments"}}, [LABELS]) == ""


def test_a_selector_is_shown_in_words():
    assert label_selectors.text({"matchLabels": {"a": "b"}, **expression("c", "Exists")}) == "a=b, c Exists"
    assert label_selectors.text({}) == "everything"
