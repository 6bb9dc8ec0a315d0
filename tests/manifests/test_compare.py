from __future__ import annotations

from pathlib import Path

import pytest
from manifest_shapes import compose, container, deployment, hpa, manifests, metadata, policy, service

from pytest_mlready.errors import ReadinessError
from pytest_mlready.manifests import compare, reading


def documents(tmp_path, side, *content, name="app.yaml"):
    return manifests(tmp_path / side, list(content), name).documents


def differences(tmp_path, production, staging, **more):
    one = documents(tmp_path, "production", *production)
    other = documents(tmp_path, "staging", *staging)
    return [(d.document, d.path, d.production, d.staging) for d in compare.differences(one, other, **more)]


def variables(**values):
    return [{"name": name, "value": value} for name, value in values.items()]


def secret(value):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata("s"), "stringData": {"token": value}}


def test_equal_manifests_do_not_differ(tmp_path):
    assert differences(tmp_path, [deployment(), hpa()], [hpa(), deployment()]) == []


def test_size_namespace_and_resources_may_differ(tmp_path):
    small = container(resources={"limits": {"memory": "64Mi"}})
    production = [deployment(namespace="prod"), hpa(namespace="prod"), policy(namespace="prod")]
    staging = [
        deployment(small, namespace="staging"),
        hpa(least=1, most=2, namespace="staging"),
        policy(namespace="staging"),
    ]
    assert differences(tmp_path, production, staging) == []
    assert differences(tmp_path, production, staging, allowed=())


def test_an_image_may_not_differ_not_even_in_its_digest(tmp_path):
    one, other = (deployment(container(image=f"income@sha256:{digit * 64}")) for digit in "ab")
    assert differences(tmp_path, [one], [other]) == [
        (
            "Deployment/income", "spec.template.spec.containers.income.image",
            repr(f"income@sha256:{'a' * 64}"), repr(f"income@sha256:{'b' * 64}"),
        )
    ]  # fmt: skip


def test_entries_of_lists_are_matched_by_name_whatever_their_order(tmp_path):
    one = deployment(container(env=variables(A="1", B="2")), container("proxy"))
    other = deployment(container("proxy"), container(env=variables(B="2", A="1")))
    assert differences(tmp_path, [one], [other]) == []


def test_entries_without_names_are_matched_by_place(tmp_path):
    one, other = (deployment(container(args=["--port", port])) for port in ("8000", "9000"))
    assert [d[1] for d in differences(tmp_path, [one], [other])] == ["spec.template.spec.containers.income.args.1"]


def test_a_name_that_stands_twice_falls_back_to_the_place_on_both_sides(tmp_path):
    twice = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    one, other = deployment(container(env=twice)), deployment(container(env=variables(A="1")))
    assert [d[1] for d in differences(tmp_path, [one], [other])] == ["spec.template.spec.containers.income.env.1"]


def test_values_of_listed_variables_may_differ(tmp_path):
    one, other = (deployment(container(env=variables(LOG_LEVEL=level, THRESHOLD="0.5"))) for level in ("info", "debug"))
    path = "spec.template.spec.containers.income.env.LOG_LEVEL.value"
    assert differences(tmp_path, [one], [other]) == [("Deployment/income", path, "'info'", "'debug'")]
    allowed = (*compare.ALLOWED, *compare.env_values("LOG_LEVEL"))
    assert differences(tmp_path, [one], [other], allowed=allowed) == []


def test_a_variable_that_one_side_lacks_differs_whatever_its_value_may(tmp_path):
    one, other = deployment(container(env=variables(A="1", B="2"))), deployment(container(env=variables(A="1")))
    found = differences(tmp_path, [one], [other], allowed=(*compare.ALLOWED, *compare.env_values("B")))
    assert [(d[1].rpartition(".")[2], d[2], d[3]) for d in found] == [("B", "a table of 2", "(absent)")]


def test_an_object_that_one_side_lacks_is_named(tmp_path):
    found = differences(tmp_path, [deployment(), hpa(target="income")], [deployment()])
    assert found == [("HorizontalPodAutoscaler/income", "", "there (app.yaml)", "(absent)")]
    (renamed,) = [d for d in differences(tmp_path, [deployment()], [deployment(name="incone")]) if "income" in d[0]]
    assert renamed[3] == '(absent); staging has "incone"'


def test_a_kind_that_one_side_may_lack_is_allowed_by_its_name(tmp_path):
    allowed = (*compare.ALLOWED, "HorizontalPodAutoscaler:")
    assert differences(tmp_path, [deployment(), hpa()], [deployment()], allowed=allowed) == []


def test_a_glob_may_hold_for_one_kind_alone(tmp_path):
    one, other = deployment(), deployment()
    one["metadata"]["labels"], other["metadata"]["labels"] = {"env": "prod"}, {"env": "staging"}
    assert len(differences(tmp_path, [one], [other])) == 1
    assert differences(tmp_path, [one], [other], allowed=("Deployment:metadata.labels.env",)) == []
    assert len(differences(tmp_path, [one], [other], allowed=("Service:metadata.labels.env",))) == 1


def test_namespaces_are_matched_whatever_their_name(tmp_path):
    one, other = ({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata(n)} for n in ("prod", "staging"))
    assert differences(tmp_path, [one], [other]) == []


def test_the_host_of_an_ingress_may_differ_and_its_path_may_not(tmp_path):
    def ingress(host, path):
        rule = {"host": host, "http": {"paths": [{"path": path}]}}
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": metadata("i"),
            "spec": {"rules": [rule]},
        }

    assert differences(tmp_path, [ingress("a.example", "/")], [ingress("b.example", "/")]) == []
    assert len(differences(tmp_path, [ingress("a.example", "/")], [ingress("b.example", "/v2")])) == 1


def test_a_type_is_part_of_a_value(tmp_path):
    one, other = (deployment(terminationGracePeriodSeconds=value) for value in (30, "30"))
    assert [d[2:] for d in differences(tmp_path, [one], [other])] == [("30", "'30'")]


def test_secrets_are_never_shown(tmp_path):
    value = "hunter2hunter2"
    one = deployment(container(env=variables(DB_PASSWORD=value), args=[f"--token={value}"]))
    other = deployment(container(env=variables(DB_PASSWORD="x"), args=["--token=x"]))
    found = differences(tmp_path, [one, secret(value)], [other, secret("y")])
    assert len(found) == 3
    assert value not in str(found)


def test_a_list_that_one_side_lacks_is_not_printed_in_full(tmp_path):
    one = deployment(container(env=variables(DB_PASSWORD="hunter2hunter2")))
    assert [d[2:] for d in differences(tmp_path, [one], [deployment()])] == [("a list of 1", "(absent)")]


def test_compose_files_are_compared_by_their_name(tmp_path):
    one, other = (manifests(tmp_path / side, [compose(service(image=image))], file).documents
                  for side, image, file in (("p", "a:1", "compose.prod.yaml"), ("s", "a:2", "compose.staging.yaml")))  # fmt: skip
    assert [str(d) for d in compare.differences(one, other)] == [
        "compose: services.income.image is 'a:1' in production and 'a:2' in staging"
    ]


def test_one_object_in_several_namespaces_is_matched_in_turn(tmp_path):
    def config(namespace, value):
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata("c", namespace), "data": {"a": value}}

    production, staging = [config("a", "1"), config("b", "2")], [config("c", "1"), config("d", "3")]
    assert [d[1:] for d in differences(tmp_path, production, staging)] == [("data.a", "'2'", "'3'")]


def test_an_object_that_stands_twice_is_an_error(tmp_path):
    with pytest.raises(ReadinessError, match=r"Deployment/income is twice in the production manifests"):
        differences(tmp_path, [deployment(), deployment()], [deployment()])


@pytest.mark.parametrize("empty", ["production", "staging"])
def test_nothing_to_compare_is_an_error_and_no_equality(tmp_path, empty):
    found = documents(tmp_path, "a", deployment())
    sides = {"production": found, "staging": found, empty: ()}
    with pytest.raises(ReadinessError, match=f"no {empty} manifests"):
        compare.differences(sides["production"], sides["staging"])


def test_the_environments_of_the_example_differ_in_nothing_that_matters():
    root = Path(__file__).parents[2] / "example_project"
    production, staging = (
        reading.read([root / "deploy" / "kubernetes" / side], root=root) for side in ("production", "staging")
    )
    assert len(production.documents) == len(staging.documents) == 13
    assert compare.differences(production.documents, staging.documents) == []
