"""Takes the candidate through staging on this machine, and writes what happened to reports/staging-run.json.

    python example_project/deploy/staging.py      # exit status 1 when a step failed

What a staging job does in a cluster, done with one process: the service starts by the image's own command with keys
made up for this run, answers the release's example, and is stopped. The record names the artifact by its digest, so
that a green run of last week's model is not taken for one of today's (infrastructure.deployment_pipeline).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from service.access import for_readiness  # noqa: E402

ARTIFACT = "artifacts/model.skops"
RECORD = ROOT / "reports" / "staging-run.json"
READY_SECONDS = 60.0
STOP_SECONDS = 15.0
TOLERANCE = 1e-6  # of probabilities, against the answer that was recorded at release


class StepError(Exception):
    """A step found something wrong."""


@dataclass(kw_only=True)
class Staging:
    """One run: the service, how to ask it, and what the steps came to."""

    environment: dict[str, str]
    sha256: str
    port: int
    steps: list[dict[str, Any]] = field(default_factory=list)
    service: subprocess.Popen[bytes] | None = None

    @property
    def failed(self) -> bool:
        return any(step["conclusion"] == "failure" for step in self.steps)

    def step(self, name: str, action: Callable[[], str], *, always: bool = False) -> None:
        """Does one step and notes how it ended; after a failure only those that clean up are done."""
        if self.failed and not always:
            self.steps.append({"name": name, "conclusion": "skipped"})
            return
        began = time.perf_counter()
        try:
            conclusion, detail = "success", action()
        except (StepError, httpx.HTTPError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            conclusion, detail = "failure", f"{type(error).__name__}: {error}"
        seconds = round(time.perf_counter() - began, 3)
        self.steps.append({"name": name, "conclusion": conclusion, "seconds": seconds, "detail": detail})
        print(f"{conclusion:8}{seconds:8.2f} s  {name}: {detail}")

    def ask(self, method: str, path: str, kind: str = "", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {for_readiness(self.environment)[kind]}"} if kind else {}
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.request(method, url, headers=headers, timeout=10.0, trust_env=False, **more)

    # The steps, in their order.

    def check_artifact(self) -> str:
        """The candidate is the one that was released: its digest stands in SHA256SUMS."""
        lines = (ROOT / "artifacts" / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        if f"{self.sha256}  {Path(ARTIFACT).name}" not in lines:
            raise StepError(f"{ARTIFACT} has sha256 {self.sha256}, which SHA256SUMS does not name")
        return f"{ARTIFACT} is as released"

    def deploy(self) -> str:
        command = [
            sys.executable,
            "-m",
            "uvicorn",
            "service.app:app",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--log-level",
            "warning",
        ]
        self.service = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.service.poll() is not None:
                raise StepError(f"the service ended with status {self.service.returncode}")
            with contextlib.suppress(httpx.TransportError):
                if self.ask("GET", "/readyz").status_code == 200:
                    return f"ready on port {self.port}"
            time.sleep(0.1)
        raise StepError(f"not ready within {READY_SECONDS:g} s")

    def check_served(self) -> str:
        served = self.ask("GET", "/readyz").raise_for_status().json()["model"]["sha256"]
        if served != self.sha256:
            raise StepError(f"serves {served}, the candidate is {self.sha256}")
        return f"serves sha256 {served[:12]}…"

    def predict(self) -> str:
        answer = self.ask("POST", "/predict", "good", json=example("one.json")).raise_for_status().json()
        if difference := lacks(answer, example("one.expected.json")):
            raise StepError(difference)
        return "answered as at release"

    def refuse(self) -> str:
        expected = {"": 401, "expired": 401, "wrong_scope": 403, "other_tenant": 403}
        for kind, status in expected.items():
            found = self.ask("POST", "/predict", kind, json=example("one.json")).status_code
            if found != status:
                raise StepError(f"a caller with {kind or 'no'} token got {found}, not {status}")
        return f"{len(expected)} kinds of caller refused"

    def stop(self) -> str:
        """Ends as Kubernetes ends it, and gives the port back."""
        if self.service is None or self.service.poll() is not None:
            raise StepError("it was not running any more")
        self.service.send_signal(signal.SIGTERM)
        try:
            code = self.service.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.service.kill()
            self.service.wait()
            raise StepError(f"did not end within {STOP_SECONDS:g} s of SIGTERM") from None
        if code not in (0, -signal.SIGTERM):  # uvicorn ends its work, then lets the signal have its way
            raise StepError(f"ended with status {code}")
        return "ended when told to"


def example(name: str) -> Any:
    return json.loads((ROOT / "requests" / name).read_text(encoding="utf-8"))


def lacks(found: Any, expected: Any, at: str = "answer") -> str:
    """The first place at which `found` is not as expected; more keys may be there. "" where there is none."""
    if isinstance(expected, dict) and isinstance(found, dict):
        pairs: Iterator[tuple[Any, Any, str]] = ((found.get(k), v, f"{at}.{k}") for k, v in expected.items())
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = ((f, e, f"{at}[{i}]") for i, (f, e) in enumerate(zip(found, expected, strict=True)))
    elif isinstance(expected, float) and isinstance(found, float):
        return "" if abs(found - expected) <= TOLERANCE else f"{at} is {found}, expected {expected}"
    else:
        return "" if found == expected else f"{at} is {found!r}, expected {expected!r}"
    return next((difference for f, e, place in pairs if (difference := lacks(f, e, place))), "")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def commit() -> str | None:
    """What is checked out; None outside a repository, or where git is not installed."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, timeout=10, check=True
        )
        return done.stdout.strip()
    return None


def record(staging: Staging, started: datetime) -> dict[str, Any]:
    return {
        "environment": "staging",
        "conclusion": "failure" if staging.failed else "success",
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "artifacts": {ARTIFACT: staging.sha256},
        "steps": staging.steps,
    }


def main() -> int:
    started = datetime.now(UTC)
    staging = Staging(
        environment={**os.environ, "MODEL_PATH": ARTIFACT, "INCOME_SIGNING_KEY": secrets.token_hex(32)},
        sha256=hashlib.sha256((ROOT / ARTIFACT).read_bytes()).hexdigest(),
        port=free_port(),
    )
    RECORD.unlink(missing_ok=True)  # a run that is interrupted must not leave an earlier one's record behind
    try:
        staging.step("artifact", staging.check_artifact)
        staging.step("deploy", staging.deploy)
        staging.step("served digest", staging.check_served)
        staging.step("smoke prediction", staging.predict)
        staging.step("bad tokens refused", staging.refuse)
        staging.step("stop", staging.stop, always=staging.service is not None)
    finally:
        if staging.service is not None and staging.service.poll() is None:
            staging.service.kill()
            staging.service.wait()
    RECORD.parent.mkdir(exist_ok=True)
    unfinished = RECORD.with_suffix(".part")
    unfinished.write_text(json.dumps(record(staging, started), indent=2) + "\n", encoding="utf-8")
    unfinished.replace(RECORD)
    print(f"{'FAILED' if staging.failed else 'green'}: {RECORD.relative_to(ROOT.parent)}")
    return int(staging.failed)


if __name__ == "__main__":
    sys.exit(main())
