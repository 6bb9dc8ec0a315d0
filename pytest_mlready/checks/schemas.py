"""Opens the schema of the inputs that the settings name, and finds what may be one where they name none."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

    from pytest_mlready.features.schema.expectations import Given, Schema
    from pytest_mlready.project import Project


def opened(mlready: Project, source: str, inputs: tuple[str, ...]) -> Schema:
    """The schema that `source` names.

    Args:
        mlready: The project.
        source: A path, perhaps with "#" and a JSON pointer, or "module:object".
        inputs: The model's inputs.

    Raises:
        ReadinessError: It is not there, or is no schema of a known form.
        MissingExtra: It is pandera's, and pandera is not installed.
    """
    from pytest_mlready.artifacts import named
    from pytest_mlready.features.schema import reading

    if named.is_object(source):
        return reading.of_object(
            _object(mlready, source), source=source, columns=inputs, given=_tables(), kind=_kind(mlready)
        )
    place, _, pointer = source.partition("#")
    document = _document(mlready.file(place, "the schema"))
    return reading.of_document(document, pointer, columns=inputs, given=_tables(), source=place)


def found(mlready: Project, request: pytest.FixtureRequest) -> str | None:
    """What may be the schema: a file by its name and place, or the service's own document."""
    from pytest_mlready.features.schema import places

    documents = mlready.discovered.openapi
    file = next(places.likely(mlready.root), None)
    return file or (_of_service(mlready, documents[0], request) if documents else None)


def _object(mlready: Project, source: str) -> Any:
    from pytest_mlready.artifacts import named
    from pytest_mlready.errors import DataError, MissingExtra

    try:
        return named.object_named(source, mlready.root, error=DataError)
    except DataError as reason:
        missing = reason.__cause__
        if isinstance(missing, ModuleNotFoundError) and str(missing.name).startswith("pandera"):
            raise MissingExtra("pandera", "schema", f"the schema {source}") from None
        raise


def _document(path: Path) -> Any:
    from pytest_mlready.documents import bounded
    from pytest_mlready.features.schema import places, prototext

    if path.suffix.lower() in places.TEXT_PROTO:
        return prototext.parse(bounded.text(path, setting="schema"))
    return bounded.read(path, setting="schema")


def _tables() -> Mapping[str, Given]:
    from pytest_mlready.artifacts import frames

    return {
        "pandas": lambda frame: frames.given(frame, names=None, kind="pandas"),
        "polars": lambda frame: frame,
    }


def _kind(mlready: Project) -> str:
    return mlready.settings.entry_points.frame or ("pandas" if find_spec("pandas") else "polars")


def _of_service(mlready: Project, document: Path, request: pytest.FixtureRequest) -> str:
    """The schema within an OpenAPI document that names the most of the data's columns."""
    from pytest_mlready.errors import DataError
    from pytest_mlready.features.schema import json_rows

    columns = request.getfixturevalue("mlready_train").features if mlready.settings.data.train else ()
    try:
        place = json_rows.best(_document(mlready.root / document), columns)
    except DataError:  # found, and of no use; what is wrong with it is documentation.api_docs' matter
        place = None
    return f"{document.as_posix()}#{place or '/components/schemas/NAME'}"
