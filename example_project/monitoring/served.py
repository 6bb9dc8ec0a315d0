"""Serves the current window once and hands over what the service kept of it: raw rows, features, answers.

    python example_project/monitoring/served.py            # prints how many were served, by which model

The service is the real one, by its own command on loopback, with a key made up for this run and SERVED_EXAMPLES set.
What is not real is the traffic: nobody sends requests to an example, so the rows of the window stand in for them, with
one number in fifty left out, as clients may. What it kept is deleted when it was read.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from service.access import for_readiness  # noqa: E402
from service.model import NUMBERS  # noqa: E402

from monitoring.windows import INPUTS  # noqa: E402

BATCH = 100  # rows that one request may hold
EMPTY = 50  # one number in so many is left out
READY_SECONDS, STOP_SECONDS = 60.0, 15.0


def examples() -> pl.DataFrame:
    """One row for each example: time, model_version, model_sha256, raw, features, prediction, score."""
    rows = gappy(pl.read_parquet(ROOT / "monitoring" / "windows" / "current.parquet").select(INPUTS))
    with tempfile.TemporaryDirectory(prefix="served-") as folder:
        kept = Path(folder) / "examples.ndjson"
        with service({"SERVED_EXAMPLES": str(kept), "SERVED_EXAMPLES_SHARE": "1"}) as client:
            for batch in rows.iter_slices(BATCH):
                client.post("/predict", json={"instances": batch.to_dicts()}).raise_for_status()
        return pl.read_ndjson(kept, infer_schema_length=None)


def gappy(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with one number in fifty left out: what is unknown is where two codes differ first."""
    place = pl.int_range(pl.len()) % EMPTY
    return rows.with_columns(
        pl.when(place == i).then(None).otherwise(pl.col(name)).alias(name) for i, name in enumerate(NUMBERS)
    )


@contextmanager
def service(more: dict[str, str]) -> Iterator[httpx.Client]:
    """The service on a free port of loopback, once it is ready; ended afterwards."""
    environment = {**os.environ, "INCOME_SIGNING_KEY": secrets.token_hex(32), **more}
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "service.app:app", "--port", str(port), "--log-level", "warning"]
    token = for_readiness(environment)["good"]
    running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30.0,
            trust_env=False,
        ) as client:
            wait(client, running)
            yield client
    finally:
        running.terminate()
        try:
            running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def wait(client: httpx.Client, running: subprocess.Popen[Any]) -> None:
    """Until it is ready. Raises RuntimeError when it ends or takes too long."""
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and running.poll() is None:
        try:
            if client.get("/readyz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the service did not become ready within {READY_SECONDS:.0f} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    served = examples()
    print(f"{served.height:,} examples by {', '.join(served['model_version'].unique())}")
