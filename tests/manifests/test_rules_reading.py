from __future__ import annotations

import pytest
from rule_shapes import needs_promtool, rules

from pytest_mlready.errors import Inconclusive
from pytest_mlready.manifests.rules import promtool, reading, soundness

NATIVE = """
groups:
  - name: income
    interval: 30s
    rules:
      - record: job:errors:rate5m
        expr: sum by (job) (rate(http_requests_total{status=~"5.."}[5m]))
        labels: {team: ml}
      - alert: Errors
        expr: job:errors:rate5m > 1
        for: 10m
        keep_firing_for: 5m
        labels:
          severity: page
        annotations:
          summary: "{{ $labels.job }} at {{ $value | humanizePercentage }}"
          runbook_url: https://wiki.example/runbook#errors
"""
CRD = """
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: income, labels: {release: prometheus}}
spec:
  groups:
    - name: income
      rules:
        - alert: Errors
          expr: |
            sum(rate(http_requests_total{status=~"5.."}[5m]))
              > 1
          labels: {severity: critical}
"""
CONFIG_MAP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: rules}
data:
  readme: nothing here
  income.rules: |
    groups:
      - name: income
        rules:
          - {alert: Errors, expr: up == 0, labels: {severity: page}}
"""
LIST = """
apiVersion: v1
kind: List
items:
  - {apiVersion: monitoring.coreos.com/v1, kind: PrometheusRule, metadata: {name: a}, spec: {groups: [{name: a, rules: [{alert: Errors, expr: up == 0}]}]}}
"""
MIMIR = """
namespace: income
groups:
  - name: a
    rules:
      - alert: Errors
        expr: up == 0
"""


@pytest.mark.parametrize(
    "text", [NATIVE, CRD, CONFIG_MAP, LIST, MIMIR], ids=["native", "crd", "configmap", "list", "mimir"]
)
def test_every_usual_carrier_of_rules_is_read(tmp_path, text):
    found = rules(tmp_path, text)
    assert [rule.name for rule in found.alerts] == ["Errors"]
    assert found.problems == ()


def test_several_documents_in_one_file_are_all_read(tmp_path):
    found = rules(tmp_path, CRD + "---\n" + CRD.replace("Errors", "Others") + "---\nkind: Service\napiVersion: v1\n")
    assert [rule.name for rule in found.alerts] == ["Errors", "Others"]
    assert found.problems == ()


def test_a_rule_tells_its_line_severity_and_runbook(tmp_path):
    rule = rules(tmp_path, NATIVE).alerts[0]
    assert rule.place == "rules.yaml:9, alert Errors"
    assert rule.severity == "page"
    assert rule.runbook == "https://wiki.example/runbook#errors"


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("groups:\n  - name: {{ .Values.name }}\n    rules: []\n", "not rendered", "a template"),
        ("groups: [", "unreadable", "line"),
        ("groups:\n", "not understood", "groups is empty"),
        ("groups:\n  - name: a\n", "not understood", "no list of rules"),
        ("rules:\n  - alert: A\n", "not understood", "no groups"),
        ("groups:\n  - {name: a, rules: [{alert: A}]}\n", "not understood", "no expr"),
        ("groups:\n  - {name: a, rules: [{alert: A, record: b, expr: up}]}\n", "not understood", "both alert and record"),
        ("groups:\n  - {name: a, rules: [{expr: up}]}\n", "not understood", "neither alert nor record"),
        ("", "not understood", "an empty file"),
        ("- a\n- b\n", "not understood", "a list"),
        ("a: &a [*a]\n", "unreadable", "alias"),
        ("groups: !!python/object:os.system {}\n", "unreadable", ""),
    ],
)  # fmt: skip
def test_what_is_no_rule_file_is_a_problem_and_never_a_crash(tmp_path, text, kind, said):
    found = rules(tmp_path, text)
    assert found.rules == ()
    assert [p.kind for p in found.problems] == [kind]
    assert said in found.problems[0].message
    assert found.problems[0].verdict().outcome == "inconclusive"


@needs_promtool
@pytest.mark.parametrize("text", [NATIVE, CRD, CONFIG_MAP], ids=["native", "crd", "configmap"])
def test_sound_rules_give_no_finding(tmp_path, text):
    assert soundness.verdicts(rules(tmp_path, text)) == []


@needs_promtool
@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ('rate(http_requests_total{status=~"5.."}[5m])', 'rate(http_requests_total{status=~"5.."})', "could not parse"),
        ("$labels.job", "$labls.job", "undefined variable"),
        ("for: 10m", "for: ten minutes", "not a valid duration"),
        ("severity: page", "severity: page\n          severities: {a: b}", "cannot unmarshal"),
    ],
)  # fmt: skip
def test_what_prometheus_would_refuse_fails(tmp_path, good, bad, said):
    verdicts = soundness.verdicts(rules(tmp_path, NATIVE.replace(good, bad)))
    assert {v.outcome for v in verdicts} == {"failed"}
    assert any(said in v.message and "rules.yaml" in v.message for v in verdicts)


def test_a_missing_promtool_is_inconclusive_with_the_line_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    promtool.path.cache_clear()
    with pytest.raises(Inconclusive, match="apt-get install prometheus"):
        soundness.verdicts(rules(tmp_path, NATIVE))
    assert soundness.tool() == "not installed"
    promtool.path.cache_clear()


TEMPLATED = """groups:
- name: g
  rules:
  - alert: A
    expr: up == 0
    annotations:
      summary: '{{ range query "up" }}{{ . }}{{ end }}{{ if gt $value 1.0 }}much{{ end }}'
"""


def read_text(tmp_path, text):
    (tmp_path / "r.yaml").write_text(text)
    return reading.read([tmp_path / "r.yaml"], root=tmp_path)


def test_templates_in_annotations_are_prometheus_own(tmp_path):
    found = read_text(tmp_path, TEMPLATED)
    assert [rule.name for rule in found.rules] == ["A"]
    assert not found.problems


@pytest.mark.parametrize(
    "text",
    [
        TEMPLATED.replace("up == 0", "'{{ .expr }} > 0'"),
        TEMPLATED.replace("groups:", "groups:\n{{- if .enabled }}"),
        TEMPLATED.replace("name: g", "name: '{{ $.Values.name }}'"),
    ],
)
def test_a_template_elsewhere_is_not_rendered(tmp_path, text):
    found = read_text(tmp_path, text)
    assert not found.rules
    assert {problem.kind for problem in found.problems} == {"not rendered"}


@needs_promtool
@pytest.mark.parametrize(
    ("key", "outcome"), [("partial_response_strategy: warn", "inconclusive"), ("rulez: x", "failed")]
)
def test_a_key_of_another_server_is_inconclusive_and_a_misspelt_one_fails(tmp_path, key, outcome):
    found = read_text(tmp_path, TEMPLATED.replace("- name: g", f"- name: g\n  {key}"))
    assert {verdict.outcome for verdict in soundness.verdicts(found)} == {outcome}
