"""Reads the addresses that the settings give of a service, and says what is wrong with one before anything is asked."""

from __future__ import annotations

from urllib.parse import urlsplit

from pytest_mlready.errors import ReadinessError

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TABLE = "[tool.mlready.endpoint]"
PREDICTS = ("predict", "predictions", "infer", "invocations", "score", "classify", "completions", "generate")


def service(url: str | None, predict: str | None) -> str | None:
    """The URL of a service, under which its paths lie.

    Raises:
        ReadinessError: It is none, or it is that of a prediction: every path would be looked for below it.
    """
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fits = False
    if not fits:
        expected = "http:// or https://, a host, and perhaps a port and a path"
        raise ReadinessError(f"url = {url.rpartition('@')[2]!r} is no address of a service", expected=expected)
    root, path = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", parts.path.rstrip("/")
    predicts = (
        path.rpartition("/")[2].rpartition(":")[2] in PREDICTS if predict is None else predict.endswith(f" {path}")
    )
    if path and predicts:
        raise ReadinessError(
            f'url = "{root}{path}" is the address of a prediction',
            expected="that of the service, below which its paths lie",
            fix=f'{TABLE} url = "{root}" and predict = "{predict or f"POST {path}"}"',
        )
    return url


def operation(predict: str | None) -> str | None:
    """Method and path of a prediction, as "POST /predict".

    Raises:
        ReadinessError: One of them is missing, or is none.
    """
    if predict is None:
        return None
    method, _, path = predict.strip().partition(" ")
    method, path = method.upper(), path.strip()
    if method in METHODS and path.startswith("/"):
        return f"{method} {path}"
    place = (path if method in METHODS else predict.strip()).partition(" ")[0]
    place = urlsplit(place).path if "://" in place else place
    raise ReadinessError(
        f"predict = {predict!r} is no method and path",
        expected='such as "POST /predict"',
        fix=f'{TABLE} predict = "{method if method in METHODS else "POST"} /{place.lstrip("/")}"',
    )


def health(name: str, path: str | None) -> str | None:
    """The path of a health endpoint, or a whole URL for one on a port of its own.

    Raises:
        ReadinessError: It is neither.
    """
    if path is None or path.startswith(("/", "http://", "https://")):
        return path
    raise ReadinessError(
        f"{name} = {path!r} is no path", expected="a slash in front", fix=f'{TABLE} {name} = "/{path}"'
    )
