"""Asks an HTTP endpoint as a model.

Request: POST to the URL, JSON {"instances": [{"column": value, ...}, ...]}, at most `batch` rows each; missing values
are null, dates ISO 8601. Answer: JSON {"predictions": [...]} with one entry a row and, for a classifier, optionally
"probabilities": [[...], ...] and "classes": [...] that names their columns. TensorFlow Serving, MLflow and Vertex AI
take and give the first half of this form.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_mlready import hosts
from pytest_mlready.artifacts.loaded import Loaded, one_line, plain_labels
from pytest_mlready.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FORM = '{"predictions": [one entry a row], "probabilities": [[...], ...], "classes": [...]}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """How an endpoint is asked.

    Attributes:
        allow_hosts: Hosts besides loopback that may be asked.
        headers: Sent with each request, such as a token.
        timeout: Seconds that one request may take.
        batch: Rows a request.
        classes: Labels in the order of the probabilities, where the answers do not name them.
    """

    allow_hosts: tuple[str, ...] = ()
    headers: Mapping[str, str] | None = None
    timeout: float = 30.0
    batch: int = 500
    classes: tuple[Any, ...] | None = None


def load(source: str, http: Http) -> Loaded:
    """The endpoint as a model; nothing is sent before it is asked.

    Raises:
        ModelError: the host is neither loopback nor allowed.
    """
    if not hosts.may_be_asked(source, http.allow_hosts):
        raise ModelError(
            f"{source} is not on this machine",
            expected="a loopback address, or a host that the settings allow by name",
            fix=f'allow_hosts = ["{hosts.of(source)}"] in [tool.mlready.endpoint]',
        )
    model = Loaded(
        source=source, kind="http", estimator=None, ask_predict=lambda X: X, classes=http.classes, frame="polars"
    )
    endpoint = _Endpoint(source, http, model)
    model.estimator, model.ask_predict, model.ask_proba = endpoint, endpoint.predict, endpoint.probabilities
    return model


class _Endpoint:
    def __init__(self, url: str, http: Http, model: Loaded) -> None:
        self.url, self.http, self.model = url, http, model

    def predict(self, frame: Any) -> Any:
        import numpy as np

        values = [value for answer in self.ask(frame) for value in answer["predictions"]]
        array = np.asarray(values)
        return array if array.dtype.kind in "biuf" else np.array(values, dtype=object)

    def probabilities(self, frame: Any) -> Any:
        import numpy as np

        answers = self.ask(frame)
        if any(answer.get("probabilities") is None for answer in answers):
            return None
        return np.array([row for answer in answers for row in answer["probabilities"]], dtype=np.float64)

    def ask(self, frame: Any) -> list[dict[str, Any]]:
        """One answer a batch of rows, all of them checked."""
        import httpx

        # No proxy of the environment, no redirect: the rows go where the settings say, and nowhere else.
        with httpx.Client(timeout=self.http.timeout, headers=self.http.headers, trust_env=False) as client:
            rows = [_plain(row) for row in frame.iter_rows(named=True)]
            step = self.http.batch
            return [self.ask_once(client, rows[start : start + step]) for start in range(0, len(rows), step)]

    def ask_once(self, client: Any, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        import httpx

        try:
            response = client.post(self.url, json={"instances": rows})
        except httpx.TimeoutException:
            raise ModelError(f"{self.url} did not answer {len(rows)} rows in {self.http.timeout:g} s") from None
        except httpx.HTTPError as reason:
            raise ModelError(f"{self.url} cannot be reached: {one_line(reason)}", fix="start the service") from None
        if response.status_code != httpx.codes.OK:
            raise ModelError(
                f"{self.url} answered {response.status_code}: {one_line(response.text, 200)}", expected="200"
            )
        return self.checked(response, len(rows))

    def checked(self, response: Any, rows: int) -> dict[str, Any]:
        try:
            answer: Any = response.json()
        except ValueError:
            raise ModelError(f"{self.url} answered no JSON: {one_line(response.text, 200)}", expected=_FORM) from None
        given = answer.get("predictions") if isinstance(answer, dict) else None
        if not isinstance(given, list) or len(given) != rows:
            found = f"{len(given)} predictions" if isinstance(given, list) else one_line(response.text, 200)
            raise ModelError(f"{self.url} answered {rows} rows with {found}", expected=_FORM)
        checked: dict[str, Any] = answer
        if self.model.classes is None and isinstance(answer.get("classes"), list):
            self.model.classes = plain_labels(answer["classes"])
        return checked


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in row.items()}


def _plain_value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
