from __future__ import annotations

import datetime as dt

import pytest

from pytest_mlready.documents import markdown
from pytest_mlready.documents.runbooks import alerts, commands, links, review, steps, targets
from pytest_mlready.errors import DataError, Inconclusive

RUNBOOK = """# Runbook

## High latency

Users wait.

1. Look at the dashboard.
2. Scale up.

## Prediction drift

- [ ] Compare the windows.

## Model not loaded (readyz gives 503)

```sh
kubectl rollout undo deployment/income
```

## Memory

Ask Bob.

## Saturation

1. TODO
"""


def rules(link, name="HighLatency"):
    return f"groups:\n- name: g\n  rules:\n  - record: a:b\n    expr: x\n  - alert: {name}\n    expr: x > 1\n    annotations: {{runbook_url: {link!r}}}\n"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "monitoring").mkdir()
    (tmp_path / "docs" / "runbook.md").write_text(RUNBOOK)
    (tmp_path / "docs" / "highlatency.md").write_text("# High latency\n\n1. Look at the dashboard.\n")
    return tmp_path


def followed(project, link, *, runbooks=("docs/runbook.md",), name="HighLatency"):
    path = project / "monitoring" / "rules.yaml"
    path.write_text(rules(link, name))

    def opened(file):
        return markdown.read(file, shown=file.relative_to(project).as_posix(), setting="runbooks")

    places = links.Places(
        root=project, folders=(project, project / "monitoring"), open=opened,
        runbooks={project / r: opened(project / r) for r in runbooks},
    )  # fmt: skip
    found = alerts.read(path, shown="monitoring/rules.yaml")
    return links.judge(found, places)[-1]


LEADS = [
    "docs/runbook.md#high-latency",
    "/docs/runbook.md#high-latency",
    "../docs/runbook.md#high-latency",
    "./docs/runbook.md#high-latency",
    "#high-latency",
    "docs/runbook.md#High-Latency",
    "docs/runbook.md#user-content-high-latency",
    "docs/runbook.md",
    "docs/highlatency.md",
    "docs/runbook.md#prediction-drift",
    "docs/runbook.md#model-not-loaded-readyz-gives-503",
    "https://github.com/acme/income/blob/main/docs/runbook.md#high-latency",
    "https://gitlab.example.org/acme/income/-/blob/main/docs/runbook.md?ref_type=heads#high-latency",
    "https://docs.example.org/ops/runbook/#high-latency",
    "https://docs.example.org/ops/runbook.html#high-latency",
]


@pytest.mark.parametrize("link", LEADS)
def test_a_link_in_the_forms_that_people_use_leads_to_its_section(project, link):
    verdict = followed(project, link)
    assert verdict.outcome == "passed", verdict.message


DEAD = [
    ("docs/runbook.md#high-latencies", 'no heading for #high-latencies; did you mean "high-latency"?'),
    ("https://github.com/acme/income/blob/main/docs/runbook.md#slow", "no heading for #slow"),
    ("docs/runbok.md#high-latency", 'docs/runbok.md is not there; did you mean "docs/runbook.md"?'),
    ("docs/runbook.md#memory", "“Memory” has no steps"),
    ("docs/runbook.md#saturation", "“Saturation” has no steps"),
    ("", "has no runbook link"),
]


@pytest.mark.parametrize(("link", "words"), DEAD)
def test_a_link_that_leads_nowhere_fails(project, link, words):
    verdict = followed(project, link)
    assert verdict.outcome == "failed"
    assert words in verdict.message
    assert "monitoring/rules.yaml, alert HighLatency" in verdict.message


@pytest.mark.parametrize("link", ["https://wiki.example.org/x/123", "https://runbooks.example.org/{{ $labels.team }}"])
def test_a_link_that_leads_out_of_the_project_is_inconclusive(project, link):
    assert followed(project, link).outcome == "inconclusive"


def test_a_bare_fragment_needs_one_runbook(project):
    assert followed(project, "#high-latency", runbooks=("docs/runbook.md", "docs/highlatency.md")).outcome == "failed"


def test_the_alerts_own_name_is_filled_in(project):
    verdict = followed(project, "docs/{{ $labels.alertname }}.md", name="highlatency")
    assert verdict.outcome == "passed", verdict.message


SHAPES = {
    "Prometheus": rules("docs/runbook.md#x"),
    "PrometheusRule": "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: x}\nspec:\n  "
    + rules("docs/runbook.md#x").replace("\n", "\n  "),
    "several documents": "kind: ConfigMap\n---\nspec:\n  " + rules("docs/runbook.md#x").replace("\n", "\n  "),
    "a List": "kind: List\nitems:\n- spec:\n    " + rules("docs/runbook.md#x").replace("\n", "\n    "),
    "Grafana": "apiVersion: 1\ngroups:\n- name: g\n  rules:\n  - title: HighLatency\n    annotations: {runbook_url: 'docs/runbook.md#x'}\n",
    "another key": rules("docs/runbook.md#x").replace("runbook_url", "runbook"),
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_alerts_are_found_in_every_shape(tmp_path, text):
    (tmp_path / "r.yaml").write_text(text)
    (alert,) = alerts.read(tmp_path / "r.yaml", shown="r.yaml")
    assert (alert.name, alert.runbook) == ("HighLatency", "docs/runbook.md#x")


@pytest.mark.parametrize("text", ["", "a: 1", "[]", "groups: none", "groups: [{rules: [1, {alert: 3}]}]", "spec: []"])
def test_what_holds_no_alert_gives_none(tmp_path, text):
    (tmp_path / "r.yaml").write_text(text)
    assert alerts.read(tmp_path / "r.yaml", shown="r.yaml") == []


@pytest.mark.parametrize("text", ["groups: [", "a: !!python/object/apply:os.system [true]", "a: &a [*a]"])
def test_a_damaged_file_of_rules_is_an_error(tmp_path, text):
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(DataError, match=r"r\.yaml is not valid YAML"):
        alerts.read(tmp_path / "r.yaml", shown="r.yaml")


def mode(text, name):
    return steps.judge_modes([markdown.parse(text, path="docs/runbook.md")], [name])[0]


@pytest.mark.parametrize(
    "name", ["Model not loaded", "model is not loaded", "High latency", "prediction drift", "ModelNotLoaded"]
)
def test_a_failure_mode_is_found_by_the_words_of_its_heading(name):
    assert mode(RUNBOOK, name).outcome == "passed"


def test_a_failure_mode_without_a_section_or_without_steps_fails():
    assert "no section on the failure mode “Feature drift”" in mode(RUNBOOK, "Feature drift").message
    assert "“Memory” has no steps" in mode(RUNBOOK, "Memory").message
    assert {mode(RUNBOOK, n).outcome for n in ("Feature drift", "Memory")} == {"failed"}


STEPS = [
    "1. Roll back",
    "- [ ] Roll back",
    "```sh\nmake x\n```",
    "    make x",
    "- Look at it\n- Roll it back",
    "### Then\n\n1. Roll back",
    "* `make x`\n* `make y`",
]
NO_STEPS = ["Ask Bob.", "1. TODO", "- only one thing", "```sh\n# nothing\n```", "- [ ] TBD", "", "1. ?\n2. ?"]


@pytest.mark.parametrize(("text", "expected"), [(t, True) for t in STEPS] + [(t, False) for t in NO_STEPS])
def test_what_counts_as_steps(text, expected):
    document = markdown.parse(f"# R\n\n## S\n\n{text}\n")
    assert steps.has_steps(document.below(document.sections[2])) is expected


COMMANDS = """# R

```sh
# make nothing
make rollback && sudo FOO=1 ./deploy/undo.sh --now
kubectl -n income rollout undo deployment/income
kubectl scale deploy income \\
  --replicas=3
kubectl apply -f deploy/kubernetes
docker compose -f compose.yaml logs -f income | tail -5
python train.py out
make $TARGET
./scripts/<name>.sh
kubectl exec deploy/income -- make inside
kubectl create job --from=cronjob/retrain now
curl -s http://127.0.0.1:8000/readyz
```

```console
$ make status
make: ok
```

```json
{"make": "not a command"}
```

```
2026-11-24 make sure
```
"""


def test_the_names_in_commands_are_found_with_their_lines():
    found, unknown = commands.names(markdown.parse(COMMANDS, path="r.md"))
    assert [(n.kind, n.name, n.place) for n in found] == [
        ("make target", "rollback", "r.md:5"),
        ("file", "./deploy/undo.sh", "r.md:5"),
        ("kubernetes", "Deployment/income", "r.md:6"),
        ("kubernetes", "Deployment/income", "r.md:7"),
        ("file", "deploy/kubernetes", "r.md:9"),
        ("compose service", "income", "r.md:10"),
        ("file", "train.py", "r.md:11"),
        ("kubernetes", "Deployment/income", "r.md:14"),
        ("make target", "status", "r.md:20"),
    ]
    assert any("curl" in one for one in unknown)


@pytest.fixture
def known(tmp_path):
    (tmp_path / "deploy" / "kubernetes").mkdir(parents=True)
    (tmp_path / "deploy" / "undo.sh").write_text("")
    (tmp_path / "train.py").write_text("")
    (tmp_path / "Makefile").write_text("X := 1\n.PHONY: rollback\nrollback status: deploy\n\techo make missing:\n")
    return targets.Known(
        folders=(tmp_path,), resources={"Deployment": frozenset({"income"})}, services=frozenset({"income"})
    )


def judged(known, text):
    found, unknown = commands.names(markdown.parse(f"# R\n\n```sh\n{text}\n```\n", path="r.md"))
    return targets.judge(found, known, unknown=len(unknown))


def test_commands_that_name_what_is_there_pass(known):
    found, unknown = commands.names(markdown.parse(COMMANDS, path="r.md"))
    verdict = targets.judge(found, known, unknown=len(unknown))
    assert verdict.outcome == "passed", verdict.message


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("make rolback", 'make target rolback is not there; did you mean "rollback"?'),
        ("bash deploy/rollback.sh", "file deploy/rollback.sh is not there"),
        ("kubectl rollout undo deployment/incomes", 'Deployment/incomes is not there; did you mean "income"?'),
        ("docker compose restart api", "compose service api is not there"),
        ("kubectl apply -f deploy/prod.yaml", "file deploy/prod.yaml is not there"),
    ],
)
def test_a_command_that_names_what_is_not_there_fails(known, command, words):
    verdict = judged(known, command)
    assert verdict.outcome == "failed"
    assert words in verdict.message


@pytest.mark.parametrize(
    "command", ["kubectl get hpa income", "make -C elsewhere x", "ssh host make x", "kubectl logs $POD"]
)
def test_what_cannot_be_known_is_not_judged(known, command):
    assert judged(known, command).outcome == "passed"


def test_a_makefile_that_includes_others_may_have_any_target(known, tmp_path):
    (tmp_path / "Makefile").write_text("include more.mk\n")
    assert judged(known, "make anything").outcome == "passed"


TODAY = dt.date(2026, 11, 24)


@pytest.mark.parametrize(
    "text",
    [
        "---\nlast_reviewed: 2026-10-01\n---\n# R\n", "---\nreviewed: '1 October 2026'\n---\n# R\n",
        "# R\n\nLast reviewed: 2026-10-01 by Ada.\n", "# R\n\n_Reviewed on 1st October 2026._\n",
        "# R\n\n**Last review:** October 1, 2026\n", "---\nlast-review-date: 2026-10-01\n---\n",
        "# R\n\nReviewed 2025-01-01.\n\nReviewed 2026-10-01.\n",
    ],
)  # fmt: skip
def test_a_recent_review_passes_in_the_ways_people_write_it(text):
    verdict = review.judge(markdown.parse(text), today=TODAY, max_days=180)
    assert verdict.outcome == "passed"
    assert verdict.measurements[0].value == 54


@pytest.mark.parametrize(
    ("date", "outcome"),
    [("2026-05-28", "passed"), ("2026-05-27", "failed"), ("2027-01-01", "failed"), ("last spring", "inconclusive")],
)
def test_a_review_that_is_old_or_yet_to_come_fails(date, outcome):
    document = markdown.parse(f"---\nlast_reviewed: {date}\n---\n# R\n")
    assert review.judge(document, today=TODAY, max_days=180).outcome == outcome


def test_a_document_that_says_nothing_of_a_review_is_left_to_a_person():
    assert review.judge(markdown.parse("# R\n\nReview the dashboard first.\n"), today=TODAY, max_days=180) is None


CONFIG_MAP = """apiVersion: v1
kind: ConfigMap
metadata: {name: rules}
data:
  r.yaml: |
    groups:
    - name: g
      rules:
      - {alert: A, expr: up == 0, annotations: {runbook_url: r.md}}
"""


def test_alerts_in_a_config_map_are_read(tmp_path):
    (tmp_path / "r.yaml").write_text(CONFIG_MAP)
    assert [(a.name, a.runbook) for a in alerts.read(tmp_path / "r.yaml", shown="r.yaml")] == [("A", "r.md")]


def test_a_template_of_rules_is_inconclusive(tmp_path):
    (tmp_path / "r.yaml").write_text("groups:\n{{- if .Values.x }}\n- name: a\n{{- end }}\n")
    with pytest.raises(Inconclusive, match="is a template"):
        alerts.read(tmp_path / "r.yaml", shown="r.yaml")


def linked(tmp_path, *found):
    (tmp_path / "r.md").write_text("# R\n\n## High latency\n\n1. Roll it back now\n")
    (tmp_path / "r.pdf").write_text("x")
    places = links.Places(
        root=tmp_path, folders=(tmp_path,), runbooks={},
        open=lambda path: markdown.read(path, shown=path.name, setting="runbooks"),
    )  # fmt: skip
    return links.judge([alerts.Alert(name="A", file="f", runbook=link) for link in found], places)


def test_a_link_to_another_format_does_not_hide_a_dead_one(tmp_path):
    outcomes = [v.outcome for v in linked(tmp_path, "r.pdf", "r.md#slow", "r.md#high-latency")[1:]]
    assert outcomes == ["inconclusive", "failed", "passed"]


def test_a_link_too_long_for_a_file_fails(tmp_path):
    assert linked(tmp_path, "x" * 5000 + ".md#a")[1].outcome == "failed"


def test_lines_before_a_rule_are_no_targets(tmp_path):
    (tmp_path / "Makefile").write_text("define STEPS\nrollback now\nendef\nall \\\n  test: x\n\techo\n")
    known = targets.Known(folders=(tmp_path,))
    names = [commands.Name(kind="make target", name=n, place="p", command="make") for n in ("rollback", "test")]
    assert [targets.judge([n], known, unknown=0).outcome for n in names] == ["failed", "passed"]
