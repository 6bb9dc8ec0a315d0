"""Tells the forms of schema apart, by what a document holds or what an object is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import DataError
from pytest_mlready.features.schema import function, great_expectations, json_rows, pandera_schema, tfdv
from pytest_mlready.features.schema.expectations import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mlready.features.schema.expectations import Given, Schema

FORMS = (
    "a JSON Schema of rows, a schema of an OpenAPI document, a suite of Great Expectations, a schema of TensorFlow "
    "Data Validation, or pandera's YAML"
)


def of_document(
    document: Any, pointer: str = "", *, columns: Sequence[str], given: Mapping[str, Given], source: str
) -> Schema:
    """The schema in a parsed document.

    Args:
        document: Plain values.
        pointer: What stands behind the "#" of the source; "" for none.
        columns: The model's inputs, to find the place in an OpenAPI document that is about them.
        given: What makes tables for code, by kind of table.
        source: How the settings name it.

    Raises:
        DataError: it is none of the known forms, or nothing stands at the pointer.
    """
    if not isinstance(document, dict | bool):
        raise DataError(f"{source} holds a {type(document).__name__}", expected=FORMS)
    if isinstance(document, dict) and not pointer:
        if isinstance(document.get("expectations"), list):
            return great_expectations.read(document)
        if "feature" in document:
            return tfdv.read(document)
        if "schema_type" in document or (isinstance(document.get("columns"), dict) and "properties" not in document):
            return pandera_schema.of_document(document, given=given)
        if "openapi" in document or "swagger" in document:
            place = json_rows.best(document, columns) or "/components/schemas/NAME"
            raise DataError(f"{source} is an OpenAPI document", fix=f'schema = "{source}#{place}"')
    return json_rows.read(document, pointer)


def of_object(found: Any, *, source: str, columns: Sequence[str], given: Mapping[str, Given], kind: str) -> Schema:
    """The schema that "module:object" names: pandera's, a pydantic model, a dictionary, or a function.

    Args:
        found: The object.
        source: "module:object".
        columns: The model's inputs.
        given: What makes tables for code, by kind of table.
        kind: "pandas" or "polars": what a function is given.

    Raises:
        DataError: it is none of these.
    """
    if pandera_schema.is_pandera(found):
        return pandera_schema.of_object(found, given=given)
    if isinstance(found, type) and hasattr(found, "model_json_schema"):
        return json_rows.read(_of_pydantic(found, source))
    if isinstance(found, dict):
        return of_document(found, columns=columns, given=given, source=source)
    if callable(found):
        return function.FunctionSchema(source=source, function=found, given=given[kind])
    raise DataError(
        f"{source} is a {type(found).__name__}", expected=f"pandera's, a pydantic model, or {function.EXPECTED}"
    )


def _of_pydantic(model: Any, source: str) -> Any:
    try:
        return model.model_json_schema(by_alias=True)
    except Exception as reason:  # noqa: BLE001 - pydantic has several errors for this
        told = f"pydantic writes no JSON Schema of {source}: {one_line(reason)}"
        raise DataError(told, fix="leave fields of types that JSON does not have out of the model") from None
