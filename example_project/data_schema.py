"""Writes data/schema.json: what rows of the census extract may hold, from what a request to the service may hold.

    python example_project/data_schema.py            # writes data/schema.json, the same bytes on every run
    python example_project/data_schema.py OTHER      # the same into another folder, to compare

The bounds and words are those of service/schema.py, so that the two cannot drift apart. The extract is held to more: a
client may not know a number and sends null, while the census asked everybody (data/README.md: an unknown value is the
word "?", which only some columns have). A null in a data file is therefore a fault upstream, and so is a new "?".
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from service.schema import Instance

HERE = Path(__file__).parent
UNKNOWN = "?"
MAY_BE_UNKNOWN = ("workclass", "occupation")


def stricter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """One property without null, and without "?" where the census has none."""
    (known,) = [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
    kept = {key: value for key, value in {**schema, **known}.items() if key not in ("anyOf", "title")}
    if "enum" in kept and name not in MAY_BE_UNKNOWN:
        kept["enum"] = [word for word in kept["enum"] if word != UNKNOWN]
    return kept


def extract() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one row; the files have further columns, which no model sees."""
    request = Instance.model_json_schema(by_alias=True)
    properties = {name: stricter(name, schema) for name, schema in request["properties"].items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A row of the census extract",
        "description": "Written by data_schema.py from service/schema.py; the reasons stand in both.",
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def main(folder: Path) -> None:
    (folder / "schema.json").write_text(json.dumps(extract(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "data")
