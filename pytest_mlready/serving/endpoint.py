"""Stands for the running service: its address, the good request, and what a right answer to it looks like."""

from __future__ import annotations

import contextlib
import json
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_mlready.errors import Inconclusive, ReadinessError, Unverified
from pytest_mlready.serving import conventions, openapi, readiness
from pytest_mlready.serving.conventions import MODEL
from pytest_mlready.serving.http import Client, NoAnswerError, Request, Response
from pytest_mlready.serving.owner import Elsewhere as Elsewhere  # noqa: PLC0414 - part of this module's face
from pytest_mlready.serving.right_answer import differs, finite, hollow, reports_failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mlready.serving.openapi import Document, Operation
    from pytest_mlready.serving.owner import Owner
    from pytest_mlready.serving.plan import Plan
    from pytest_mlready.serving.readiness import Probes

DOCUMENTS = ("/openapi.json", "/docs.json", "/v1/openapi.json", "/api/openapi.json", "/v3/api-docs", "/swagger.json")
ASKS_MODEL = ("predict", "infer", "invocations", "score", "classify", "completions", "generate", "embeddings")
SHOWN = 120  # characters of an answer that a message shows
DEATH_NOTICE = 0.5  # seconds from a broken connection until we hear that the process ended


class Endpoint:
    """The service under test.

    Attributes:
        plan: What the settings say about it.
        url: Its address; changes when a service that died was started again.
        side: URLs of its side ports.
    """

    def __init__(self, plan: Plan, owner: Owner) -> None:
        self.plan, self._owner = plan, owner
        self._client: Client | None = None
        self.url = ""
        self.side: tuple[str, ...] = ()
        self.up()

    @property
    def started(self) -> bool:
        """Whether this run started it, so that it may be loaded, attacked and stopped."""
        return self.plan.start is not None

    def up(self) -> Endpoint:
        """Makes sure that it runs, for a check to begin with: one that died before is started again.

        Raises:
            ServiceError: It does not come up.
        """
        address = self._owner.up()
        if address.url != self.url:
            self.close()
            self.url, self.side = address.url, tuple(address.side)
            self._client = Client(self.url, secrets=self.plan.secrets)
        return self

    @property
    def client(self) -> Client:
        assert self._client is not None, "up() has made one"
        return self._client

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def send(self, request: Request, *, kind: str | None = "good", timeout: float | None = None) -> Response:
        """Sends one request with a credential of this kind ("good", "expired", …), or None for none.

        Raises:
            NoAnswerError: No answer; when the service died over it, the message has its last lines.
        """
        headers = self.plan.headers(kind) if kind else {}
        try:
            return self.client.send(request, headers=headers, timeout=timeout)
        except NoAnswerError as error:
            if died := self._owner.obituary(0.0 if error.kind == "timeout" else DEATH_NOTICE):
                raise NoAnswerError(f"{error.found}; {died}", kind=error.kind) from None
            raise

    def obituary(self, wait: float = 0.0) -> str:
        """How the service ended, with its last lines; "" when it still runs after `wait` seconds."""
        return self._owner.obituary(wait)

    def log(self, lines: int = 200) -> str:
        """The last lines that the service wrote, secrets masked; "" where it was not started here."""
        return self._owner.log(lines)

    def curl(self, request: Request, *, kind: str | None = "good") -> str:
        """The request as a line for a shell; secrets are masked."""
        return self.client.curl(request, headers=self.plan.headers(kind) if kind else {})

    @cached_property
    def probes(self) -> Probes:
        """Its health endpoints and protocol."""
        return readiness.find(self.client, self.plan)

    @cached_property
    def document(self) -> Document | None:
        """Its OpenAPI document: the live one, else the file that the settings name; None where there is none.

        Raises:
            DocumentError: There is one, and it cannot be read.
        """
        if self.plan.document is not None:
            return openapi.Document(self.plan.document)
        if self.plan.openapi is not None:
            return openapi.Document(self._json_at(self.plan.openapi))
        for path in DOCUMENTS:  # what lies there need not be meant for us: another version, a page for every path
            try:
                return openapi.Document(self._json_at(path))
            except openapi.DocumentError:
                continue
            except NoAnswerError:
                break
        return None

    def _json_at(self, path: str) -> Any:
        answer = self.send(Request(path=path), timeout=readiness.ASK_LIMIT * 5)
        if answer.ok and not answer.cut:
            with contextlib.suppress(ValueError):
                return answer.json()
        raise openapi.DocumentError(f"GET {path} gives no OpenAPI document", expected="JSON, status 200")

    @cached_property
    def operation(self) -> Operation | None:
        """The operation of the OpenAPI document that predicts: the configured one, else the only one that seems to."""
        if self.document is None:
            return None
        known = list(self.document.operations())
        if self.plan.predict is not None:
            method, _, path = self.plan.predict.partition(" ")
            return next((o for o in known if (o.method, self.document.prefix + o.path) == (method, path)), None)
        asking = [o for o in known if o.method == "POST" and "requestBody" in o.raw]
        named = [o for o in asking if any(word in o.path.lower() for word in ASKS_MODEL)]
        return named[0] if len(named) == 1 else asking[0] if len(asking) == 1 else None

    @cached_property
    def good(self) -> Request:
        """A prediction that must succeed: from the settings, the OpenAPI document, or the protocol's own form.

        Raises:
            Unverified: None is configured, and none could be found out.
        """
        found = next(self._good(), None)
        if found is None:
            raise Unverified(
                "no good request is known: none is configured, and neither an OpenAPI document with an example nor a "
                "known protocol was found",
                fix='[tool.mlready.endpoint] predict = "POST /predict" and example = "requests/one.json"',
            )
        return found

    def _good(self) -> Iterator[Request]:
        plan = self.plan
        method, _, path = (plan.predict or "").partition(" ")
        if plan.predict and plan.example is not None:
            self._example()  # no JSON: nobody's fault but the file's
            yield Request(method=method, path=path, headers={"content-type": "application/json"}, body=plan.example)
        if self.document is not None and self.operation is not None:
            path, headers = self.document.filled_path(self.operation) or path, self.document.headers(self.operation)
            bodies = iter([self._example()]) if plan.example else self.document.examples(self.operation)
            request = Request(method=self.operation.method, path=path, headers=headers)
            yield from (request.json(body) for body in bodies if path)
        convention = self.probes.convention
        if plan.predict or convention.predict:
            method, path = (method, path) if plan.predict else convention.predict or ("", "")
            rows = plan.rows(1) if plan.rows else []
            body = self._example() if plan.example else conventions.body(convention, rows, model=self.probes.model)
            path = path.replace(MODEL, self.probes.model)
            if body is not None and "//" not in path:
                yield Request(method=method, path=path).json(body)

    def _example(self) -> Any:
        try:
            return json.loads((self.plan.example or b"").decode("utf-8"))
        except ValueError as error:
            raise ReadinessError(f"the example request is no JSON: {error}", fix="correct the file") from None

    def ask(self, *, timeout: float | None = None) -> Response:
        """Sends the good request and insists on a right answer.

        Raises:
            Inconclusive: It is refused or answered wrongly, so that nothing else can be told from this service.
            NoAnswerError: No answer.
        """
        answer = self.send(self.good, timeout=timeout)
        if wrong := self.wrong_with(answer):
            raise Inconclusive(
                f"the good request is not answered well: {wrong}. {self.curl(self.good)}",
                fix="correct predict, example and auth in [tool.mlready.endpoint], or the service",
            )
        return answer

    def wrong_with(self, answer: Response) -> str:
        """Why this is no right answer to the good request; "" when it is one.

        A right answer has a 2xx status and JSON without a report of a failure, without non-finite numbers, with the
        keys of the protocol, fits the schema of the OpenAPI document, and holds what `expect` demands.
        """
        told = " ".join(self.client.mask(answer.text).split())
        told = told if len(told) <= SHOWN else f"{told[:SHOWN]}…"
        if not answer.ok:
            return f"it was answered {answer.status}: {told}"
        if answer.cut:
            return f"the answer is longer than {len(answer.body)} bytes"
        try:
            value = answer.json()
        except ValueError:
            return f"the answer is no JSON: {told}"
        if reports_failure(value, self.plan.expect):
            return f"status {answer.status} carries an error: {told}"
        return self.client.mask(next(self._flaws(value, answer.status), ""))

    def _flaws(self, value: Any, status: int) -> Iterator[str]:
        if value in (None, {}, []) or (self.plan.expect is None and hollow(value)):
            yield f"the answer is empty: {json.dumps(value)[:SHOWN]}; where that is right, let `expect` say so"
        if not finite(value):
            yield "the answer holds a number that is not finite"
        keys = self.probes.convention.answers if self._as_convention() else ()
        if keys and not (isinstance(value, dict) and any(value.get(key) for key in keys)):
            yield f"the answer has no {' or '.join(keys)}, as {self.probes.convention.name} wants"
        if self.plan.expect is not None and (difference := differs(value, self.plan.expect)):
            yield f"the answer is not the expected one: {difference}"
        if self.document is not None and self.operation is not None:
            yield from self._misfits(self.document, self.operation, value, status)

    def _as_convention(self) -> bool:
        """Whether the good request goes where the protocol has its predictions, so that it is answered as they are."""
        path = (self.probes.convention.predict or ("", ""))[1]
        pattern = re.escape(path).replace(re.escape(MODEL), "[^/]+")
        return re.fullmatch(pattern, self.good.path.partition("?")[0]) is not None

    def _misfits(self, document: Document, operation: Operation, value: Any, status: int) -> Iterator[str]:
        schema = document.answer_schema(operation, status)
        try:
            objection = schema and document.objection(value, schema)
        except openapi.DocumentError:  # the document's own mistake, for which no prediction is to blame
            return
        if objection:
            yield f"the answer does not fit its schema: {objection}"
