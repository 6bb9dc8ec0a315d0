from __future__ import annotations

import pytest

from pytest_mlready.manifests import dependencies, reading

KUBERNETES = """apiVersion: apps/v1
kind: Deployment
metadata: {name: income}
spec:
  template:
    spec:
      containers:
        - name: api
          image: i
          env:
            - {name: FEATURE_STORE_URL, value: "http://feature-store.data.svc.cluster.local:8080/v1"}
            - {name: DATABASE_DSN, value: "postgresql://user:secret@ledger.example.org:5432/x"}
            - {name: REDIS_HOST, value: redis}
            - {name: KAFKA_BROKERS, value: "kafka-0:9092,kafka-1:9092"}
            - {name: LISTEN_ADDR, value: "0.0.0.0:8000"}
            - {name: LOG_LEVEL, value: info}
            - {name: MODEL_PATH, value: artifacts/model.skops}
            - {name: METRICS_PORT, value: "9090"}
            - {name: TOKEN, valueFrom: {secretKeyRef: {name: s, key: k}}}
---
apiVersion: v1
kind: Service
metadata: {name: income}
spec: {selector: {app: income}}
---
apiVersion: v1
kind: Service
metadata: {name: tax}
spec: {type: ExternalName, externalName: api.tax.example.org}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {otel.yaml: "exporter: http://otel-collector:4317"}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: retrain}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: i}]}}}}}
"""
COMPOSE = """services:
  income:
    image: i
    environment: ["REDIS_URL=redis://cache:6379/0", "DEBUG=1"]
  cache: {image: redis}
"""


def found(tmp_path, text, own=("income",)):
    (tmp_path / "m.yaml").write_text(text)
    return dependencies.of(reading.read([tmp_path / "m.yaml"], root=tmp_path), own=own)


def test_workloads_services_and_hosts_of_kubernetes_are_found(tmp_path):
    names = set(found(tmp_path, KUBERNETES))
    assert names == {
        "feature-store", "ledger.example.org", "redis", "kafka-0", "kafka-1", "api.tax.example.org", "otel-collector", "retrain",
    }  # fmt: skip


def test_a_place_names_the_variable_and_never_its_value(tmp_path):
    place = found(tmp_path, KUBERNETES)["ledger.example.org"]
    assert "DATABASE_DSN" in place
    assert "secret" not in place


def test_services_of_compose_are_found(tmp_path):
    assert set(found(tmp_path, COMPOSE)) == {"cache"}


def test_a_system_alone_depends_on_nothing(tmp_path):
    alone = "apiVersion: v1\nkind: Service\nmetadata: {name: income}\nspec: {}\n"
    assert found(tmp_path, alone) == {}
    assert set(found(tmp_path, alone, own=())) == {"income"}


@pytest.mark.parametrize(
    ("key", "value", "hosts"),
    [
        ("API_URL", "https://api.example.org/v1?x=http://y", ["api.example.org"]), ("DB_HOST", "db", ["db"]),
        ("NAME", "db", []), ("URL", 3, []), ("URL", "", []), ("HOST", "http://[bad", []), ("X_ENDPOINT", "a b", []),
        ("ANYTHING", "amqp://mq:5672", ["mq"]), ("TIMEOUT_SERVER", "30", []),
    ],
)  # fmt: skip
def test_hosts_of_a_variable(key, value, hosts):
    assert [h for h in dependencies.hosts(key, value) if h != "y"] == hosts
