from __future__ import annotations

import polars as pl
import pytest

from pytest_mlready.errors import DataError
from pytest_mlready.features.schema import prototext, tfdv

TEXT = """
# written by tfdv.write_schema_text
feature {
  name: "age"
  type: INT
  int_domain { min: 17 max: 120 }
  presence { min_fraction: 1.0 min_count: 1 }
  shape { dim { size: 1 } }
}
feature: {
  name: 'job' type: BYTES
  domain: "job"
  presence <min_fraction: 0.5>;
  distribution_constraints { min_domain_mass: 0.9 }
}
string_domain { name: "job" value: "clerk" value: ["nurse", "dri" "ver"] }
"""


def one(**feature):
    return tfdv.read({"feature": [{"name": "x", **feature}]})


def broken(values, **feature):
    return one(**feature).check(pl.DataFrame({"x": values})).broken


def test_the_text_form_and_its_json_are_the_same_schema():
    json_form = {
        "feature": [
            {
                "name": "age", "type": "INT", "intDomain": {"min": "17", "max": "120"},
                "presence": {"minFraction": 1.0, "minCount": "1"}, "shape": {"dim": [{"size": "1"}]},
            },
            {
                "name": "job", "type": "BYTES", "domain": "job", "presence": {"minFraction": 0.5},
                "distributionConstraints": {"minDomainMass": 0.9},
            },
        ],
        "stringDomain": [{"name": "job", "value": ["clerk", "nurse", "driver"]}],
    }  # fmt: skip
    frame = pl.DataFrame({"age": [17, 130, None, 40], "job": ["clerk", "driver", None, "smith"]})
    texts, jsons = tfdv.read(prototext.parse(TEXT)), tfdv.read(json_form)
    assert texts.unread == jsons.unread == ()
    assert [(b.column, b.rows) for b in texts.check(frame).breaches] == [("age", 1), ("age", 1), ("job", 1)]
    assert [(b.column, b.rows) for b in jsons.check(frame).breaches] == [("age", 1), ("age", 1), ("job", 1)]


def test_domains_bound_the_values_that_are_there():
    assert broken([1, 5, None], int_domain={"min": 2}) == 1
    assert broken([0.5, float("inf")], float_domain={"max": 1, "disallow_inf": True}) == 1
    assert broken(["2"], int_domain={"min": 2}) == 1
    assert broken(["a", "b"], string_domain={"value": ["a"]}) == 1
    assert broken(["y", "n", "?"], bool_domain={"true_value": "y", "false_value": "n"}) == 1
    assert broken([True, False], bool_domain={}) == 0
    assert broken([0, 1, 2], bool_domain={}) == 1


def test_types_are_as_tfdv_has_them():
    assert broken([1.0], type="INT") == 1
    assert broken([1], type="FLOAT") == 1
    assert broken(["a"], type="BYTES") == 0


def test_a_part_of_the_values_may_lie_outside_the_domain():
    values = ["a"] * 9 + ["b"]
    domain = {"string_domain": {"value": ["a"]}}
    assert broken(values, **domain, distribution_constraints={"min_domain_mass": 0.9}) == 0
    assert broken(values, **domain, distribution_constraints={"min_domain_mass": 0.95}) == 1


@pytest.mark.parametrize(
    ("feature", "told"),
    [
        ({"int_domian": {"min": 1}}, 'did you mean "int_domain"'),
        ({"type": "STRUCT"}, "type"),
        ({"domain": "gone"}, "domain"),
        ({"value_count": {"min": 1, "max": 5}}, "value_count"),
        ({"shape": {"dim": [{"size": 3}]}}, "shape"),
        ({"not_in_environment": "SERVING"}, "not_in_environment"),
        ({"int_domain": {"min": 1, "is_categorical": True}}, "is_categorical"),
    ],
)
def test_what_is_not_understood_is_named(feature, told):
    (unread,) = one(**feature).unread
    assert unread.column == "x"
    assert told in str(unread)


def test_what_compares_two_data_sets_is_no_statement_about_one():
    assert one(type="INT", skew_comparator={"infinity_norm": {"threshold": 0.1}}).unread == ()


def test_constraints_on_the_data_set_are_not_understood():
    schema = tfdv.read({"feature": [{"name": "x", "type": "INT"}], "dataset_constraints": {"min_examples_count": 3}})
    assert [str(unread) for unread in schema.unread] == ["dataset_constraints"]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("feature {\n name: \n}", "line 3"),
        ("feature {", "ends in the middle"),
        ("feature { name: 'a' ] }", "line 1"),
        ("a: [1, 2", "ends in the middle"),
        ("a:", "ends in the middle"),
        ("\n\n§", "line 3"),
        ("{ }", "line 1"),
        ("a {" * 200 + "}" * 200, "line 1"),
        ("a: " + "[" * 5000, "no text proto"),
        ('a: "\\xZZ"', "line 1"),
    ],
)
def test_what_is_no_text_proto_is_answered_with_its_line(source, told):
    with pytest.raises(DataError, match=told):
        prototext.parse(source)


def test_scalars_keep_their_kinds():
    assert prototext.parse("a: 1 b: -2.5 c: true d: WORD e: 1e3 f: 'x\\n'") == {
        "a": 1, "b": -2.5, "c": True, "d": "WORD", "e": 1000.0, "f": "x\n",
    }  # fmt: skip
