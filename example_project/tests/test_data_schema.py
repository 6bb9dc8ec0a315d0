"""What data/schema.json is relied on for: it is the service's own schema, and stricter where the census is."""

from __future__ import annotations

from pathlib import Path

import data_schema
from service.schema import Instance

DATA = Path(__file__).parents[1] / "data"


def test_the_committed_schema_is_what_the_service_enforces_today(tmp_path):
    data_schema.main(tmp_path)
    assert (tmp_path / "schema.json").read_bytes() == (DATA / "schema.json").read_bytes()


def test_every_input_of_a_request_is_required_and_never_null():
    schema = data_schema.extract()
    assert schema["required"] == list(Instance.model_json_schema(by_alias=True)["properties"])
    assert all(part["type"] in ("integer", "string") for part in schema["properties"].values())


def test_only_words_that_the_census_lacks_may_be_unknown():
    enums = {name: part["enum"] for name, part in data_schema.extract()["properties"].items() if "enum" in part}
    assert {name for name, words in enums.items() if "?" in words} == {"workclass", "occupation"}
