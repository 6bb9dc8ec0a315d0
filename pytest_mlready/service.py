"""Brings the service under test: reads the settings into a plan, and keeps one running service for the whole run."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_mlready.errors import ReadinessError, Unverified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_mlready.project import Project
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.plan import Plan
    from pytest_mlready.serving.sharing import Host
    from pytest_mlready.settings import Auth

RUN_KEY = pytest.StashKey[bytes]()
HOST: pytest.StashKey[Host] = pytest.StashKey()
SHARED = "mlready_service"  # what xdist hands to its workers: where the controller's service is asked for
KINDS = ("good", "expired", "wrong_scope", "other_tenant")


def plan(project: Project, config: pytest.Config) -> Plan:
    """What the settings say about the service; files and credentials are read now.

    Raises:
        Unverified: Neither a command nor a URL is configured.
        ReadinessError: A file, function or variable that the settings name is not there.
    """
    from pytest_mlready.serving import addresses
    from pytest_mlready.serving import plan as plans

    table, root = project.settings.endpoint, project.root
    if table.url is None and table.start is None:
        raise Unverified(
            "no service is configured",
            fix='[tool.mlready.endpoint] start = "uvicorn service:app --port {port}" (or url = "http://127.0.0.1:8000")',
        )
    made_up = {name: made_up_secret(config, name) for name in table.secrets if name not in os.environ}
    environment = {**os.environ, "PATH": search_path(os.environ), **table.env, **made_up}
    credentials = _credentials(table.auth, environment, project) if table.auth else {}
    return plans.Plan(
        folder=root,
        start=None if table.url else table.start,
        url=addresses.service(table.url, table.predict),
        environment=environment,
        model=_model(project),
        without_model=table.without_model,
        convention=table.convention,
        predict=addresses.operation(table.predict),
        example=None if table.example is None else project.file(table.example, "the example request").read_bytes(),
        expect=None if table.expect is None else _json(project, table.expect),
        openapi=table.openapi if table.openapi and table.openapi.startswith("/") else None,
        document=_json(project, table.openapi) if table.openapi and not table.openapi.startswith("/") else None,
        ready=addresses.health("ready", table.ready),
        live=addresses.health("live", table.live),
        side=table.side,
        header=table.auth.header if table.auth else "Authorization",
        credentials=credentials,
        secrets=(*_parts(credentials.values()), *made_up.values(), *_known(table)),
        start_limit=table.start_limit,
        stop_limit=table.stop_limit,
        allow_hosts=table.allow_hosts,
        may_change_state=table.may_change_state,
        rows=_rows(project, config),
    )


def _model(project: Project) -> str | None:
    """What {model} stands for: a path made absolute; "models:/name@alias" and "module:function" as they are written."""
    source = project.settings.model.path
    if source is None or (":" in source and not project.path(source).exists()):
        return source
    return str(project.path(source))


def search_path(environ: Mapping[str, str]) -> str:
    """The search path with this interpreter's folder first: `.venv/bin/pytest` must find `.venv/bin/uvicorn`."""
    return os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", os.defpath)])


def made_up_secret(config: pytest.Config, name: str) -> str:
    """A secret for the service that this run starts: the same in every process of the run, of 64 hexadecimal digits."""
    return hmac.new(run_key(config), name.encode(), hashlib.sha256).hexdigest()


def run_key(config: pytest.Config) -> bytes:
    """Random bytes of this run; xdist's workers have those of the controller."""
    if RUN_KEY not in config.stash:
        shared = getattr(config, "workerinput", {}).get(SHARED)
        config.stash[RUN_KEY] = bytes.fromhex(shared["key"]) if shared else secrets.token_bytes(32)
    return config.stash[RUN_KEY]


def _parts(credentials: Iterable[str]) -> list[str]:
    """Credentials whole, without their scheme, and of cookies each value: a service may echo any of them."""
    from pytest_mlready.serving.access import cookies

    return [part for whole in credentials for part in (whole, whole.split()[-1], *cookies.values(whole))]


def _known(table: Any) -> list[str]:
    """Values of the environment, and a password in the URL, that no message may show."""
    password = (table.url or "").rpartition("@")[0].rpartition(":")[2]
    return [password, *(os.environ[name] for name in table.secrets if os.environ.get(name))]


def _json(project: Project, source: str) -> Any:
    path = project.file(source, "the file")
    try:
        if path.suffix in (".yaml", ".yml"):
            import yaml

            return yaml.safe_load(path.read_text(encoding="utf-8"))
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ReadinessError(f"{source} cannot be read: {error}", expected="JSON") from None
    except Exception as error:
        raise ReadinessError(f"{source} cannot be read: {error}", expected="YAML or JSON") from error


def _credentials(auth: Auth, environment: Mapping[str, str], project: Project) -> dict[str, str]:
    """Whole values of the header, by kind."""
    named = {"good": auth.env, **{kind: getattr(auth, f"{kind}_env") for kind in KINDS[1:]}}
    found = {kind: environment.get(name, "").strip() for kind, name in named.items() if name}
    missing = sorted(name for kind, name in named.items() if name and not found[kind])
    if missing:
        raise ReadinessError(
            f"the environment variable {missing[0]}, which holds a credential, is not set",
            expected="a value in it",
            fix=f"export {missing[0]}=… (in CI: a secret of the project)",
        )
    if auth.credentials:
        found |= _issued(auth.credentials, environment, project)
    scheme = auth.scheme if auth.scheme is not None else ("Bearer" if auth.header.lower() == "authorization" else "")
    return {kind: value if " " in value or not scheme else f"{scheme} {value}" for kind, value in found.items()}


def _issued(source: str, environment: Mapping[str, str], project: Project) -> dict[str, str]:
    """The credentials that the team's own function makes."""
    from pytest_mlready.artifacts import named

    issue = named.object_named(source, project.root, error=ReadinessError)
    try:
        given = issue(dict(environment))
    except Exception as error:
        raise ReadinessError(
            f'credentials = "{source}" raised {type(error).__name__}', fix="call it by hand with os.environ"
        ) from error
    if (
        not isinstance(given, dict)
        or not all(isinstance(v, str) and v for v in given.values())
        or set(given) - {*KINDS}
    ):
        raise ReadinessError(
            f'credentials = "{source}" returned something else than credentials by kind',
            expected=f"a dictionary with text under some of the keys {', '.join(KINDS)}",
        )
    return given


def _rows(project: Project, config: pytest.Config) -> Callable[[int], list[dict[str, Any]]]:
    def rows(count: int) -> list[dict[str, Any]]:
        """The first held-out rows as JSON can carry them; none where no held-out set is configured."""
        from pytest_mlready import subjects

        try:
            features = subjects.data(project, config, "heldout").X.head(count)
        except (ReadinessError, OSError):
            return []
        return json.loads(features.write_json())  # type: ignore[no-any-return]

    return rows


def endpoint(project: Project, config: pytest.Config) -> Endpoint:
    """The running service; started when it is first asked for, ended with the run.

    Raises:
        Unverified: None is configured.
        ServiceError: It cannot be started, or does not become ready.
    """
    from pytest_mlready.serving.endpoint import Endpoint
    from pytest_mlready.serving.owner import Elsewhere, Keeper

    found, shared = project.plan, getattr(config, "workerinput", {}).get(SHARED)
    if found.start is None:
        opened = Endpoint(found, Elsewhere(found))
    elif shared:
        from pytest_mlready.serving.sharing import Guest

        opened = Endpoint(found, Guest(shared["at"], run_key(config)))
    else:
        keeper = Keeper(found, project.progress)
        config.add_cleanup(keeper.close)
        opened = Endpoint(found, keeper)
    config.add_cleanup(opened.close)
    return opened


def share(project: Project, config: pytest.Config) -> dict[str, Any]:
    """Lets xdist's workers ask this process, the controller, for the one service; what they need to know for it."""
    from pytest_mlready.serving.sharing import Host

    def make() -> Any:
        from pytest_mlready.serving.owner import Keeper

        return Keeper(project.plan)

    if HOST not in config.stash:  # the first worker
        config.stash[HOST] = Host(make, run_key(config))
        config.add_cleanup(config.stash[HOST].close)
    return {"at": config.stash[HOST].address, "key": run_key(config).hex()}
