"""Makes requests from an OpenAPI document by schemathesis, and says what schemathesis objects to in an answer."""

from __future__ import annotations

import copy
import warnings
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from pytest_mlready.errors import Inconclusive, MissingExtra
from pytest_mlready.serving.http import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.http import Response

CHECKS = (
    "status_code_conformance", "content_type_conformance", "response_schema_conformance", "negative_data_rejection",
)  # fmt: skip
# Headers that its transport adds, of no use to a reader; a random one would make two runs differ.
DROPPED = frozenset({
    "user-agent", "accept-encoding", "accept", "connection", "x-schemathesis-testcaseid", "content-length", "host",
})  # fmt: skip
PREPARED = ("method", "url", "headers", "files", "data", "json", "params", "cookies", "auth")


class Shown(Exception):  # noqa: N818 - a signal to the shrinker, no error
    """The request shows what a smaller one is looked for."""


@contextmanager
def quiet() -> Iterator[None]:
    """Third parties' warnings are no verdict here, whatever filters the project has.

    Raises:
        MissingExtra: schemathesis is not installed.
    """
    if find_spec("schemathesis") is None:
        raise MissingExtra("schemathesis", "api", "generating requests from the OpenAPI document")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def operations(endpoint: Endpoint, raw: Mapping[str, Any]) -> list[Any]:
    """The operations of a document as schemathesis has them, the predicting one first.

    Raises:
        Inconclusive: It cannot read the document.
    """
    import schemathesis

    try:
        # A configuration of our own: one is otherwise looked for in the working directory.
        schema = schemathesis.openapi.from_dict(_open(raw), config=schemathesis.Config())
        found: list[Any] = [cast("Any", result).ok() for result in schema.get_all_operations()]
    except Exception as error:  # noqa: BLE001 - whatever it stumbles over, the document could not be used
        said = endpoint.client.mask(str(error).strip().partition("\n")[0])
        raise Inconclusive(
            f"schemathesis cannot use the OpenAPI document: {said}", fix="correct the document"
        ) from None
    predicting = str(endpoint.operation)
    return sorted(found, key=lambda operation: operation.label != predicting)


def _open(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A copy without security: we send the good credential, where schemathesis would make one up."""
    whole = copy.deepcopy(dict(raw))
    whole.pop("security", None)
    if isinstance(whole.get("components"), dict):
        whole["components"].pop("securitySchemes", None)
    for item in whole["paths"].values():
        for operation in item.values() if isinstance(item, dict) else ():
            if isinstance(operation, dict):
                operation.pop("security", None)
    return whole


def generate(  # noqa: PLR0913 - what is generated, and how much of it
    operation: Any, use: Callable[[Any], object], *, valid: bool, examples: int, seed: int, shrink: bool = False
) -> str:
    """Calls `use` with generated cases; with `shrink`, with ever smaller ones for which it raises `Shown`.

    Returns why nothing could be generated, or what ended it early; "" where it ran to its end.
    """
    import hypothesis
    import schemathesis

    mode = schemathesis.GenerationMode.POSITIVE if valid else schemathesis.GenerationMode.NEGATIVE

    def one(case: Any) -> None:
        use(case)

    try:
        given = hypothesis.given(case=operation.as_strategy(generation_mode=mode))(one)
        hypothesis.seed(seed)(_settings(examples, shrink=shrink)(given))()
    except hypothesis.errors.Unsatisfiable:
        return "no request can be made from its schema"
    except (Shown, hypothesis.errors.Flaky):
        return ""
    except Exception as error:  # noqa: BLE001 - one schema that it cannot handle leaves the other operations
        return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:120]}"
    return ""


def _settings(examples: int, *, shrink: bool) -> Any:
    import hypothesis

    phases = [hypothesis.Phase.generate, *([hypothesis.Phase.shrink] if shrink else [])]
    return hypothesis.settings(
        max_examples=examples, database=None, deadline=None, derandomize=True, print_blob=False,
        report_multiple_bugs=False, suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet, phases=phases,
    )  # fmt: skip


def request_of(endpoint: Endpoint, case: Any) -> Request:
    """What schemathesis would send, as a request of ours: with our limits, our credential and our masking."""
    import requests

    base = endpoint.url + (endpoint.document.prefix if endpoint.document else "")
    keywords = {k: v for k, v in case.as_transport_kwargs(base_url=base).items() if k in PREPARED}
    prepared = requests.Request(**keywords).prepare()
    dropped = DROPPED | {endpoint.plan.header.lower()}
    headers = {k: _text(v) for k, v in prepared.headers.items() if k.lower() not in dropped}
    body: Any = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    path = str(prepared.url).removeprefix(endpoint.url)
    return Request(method=str(prepared.method), path=path, headers=headers, body=body)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def objections(endpoint: Endpoint, case: Any, request: Request, answer: Response) -> list[Any]:
    """The failures that schemathesis sees in an answer."""
    import requests
    import schemathesis
    from schemathesis.specs.openapi import checks

    prepared = requests.Request(request.method, endpoint.url + request.path, headers=dict(request.headers)).prepare()
    prepared.body = request.body
    response = schemathesis.Response(
        status_code=answer.status, headers={k: [v] for k, v in answer.headers.items()}, content=answer.body,
        request=prepared, elapsed=answer.seconds, verify=False, encoding="utf-8",
    )  # fmt: skip
    found: list[Any] = []
    for name in CHECKS:
        try:
            case.validate_response(response, checks=[getattr(checks, name)])
        except BaseExceptionGroup as group:
            found += group.exceptions
    return found
