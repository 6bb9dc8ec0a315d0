"""Splits requests between the release that is live and the next one, by the weights of the rollout's manifest.

    INCOME_SIGNING_KEY=… python example_project/deploy/canary.py --port 8000 [--step 1] [--stable 1.9.0] [--next 2.0.0]

What Flagger and the gateway do in a cluster, done on one machine: this program starts the service twice, sends each
request to one of the two, and ends both when it ends. A request with the header x-user-id goes by a hash of it, so that
one person stays with one release; others go by lot. --step counts the steps of the manifest from 1.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import random
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import uvicorn
import yaml
from fastapi import FastAPI, Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).resolve().parents[1]
MANIFEST = ROOT / "deploy" / "kubernetes" / "production" / "rollout.yaml"
HOPS = {"connection", "host", "keep-alive", "transfer-encoding", "content-length", "content-encoding"}
USER = "x-user-id"
STOP_SECONDS = 10.0


def steps(manifest: Path) -> list[int]:
    """The weights of the next release, in per cent, in their order."""
    for document in yaml.safe_load_all(manifest.read_text(encoding="utf-8")):
        if document["kind"] == "Canary":
            return list(document["spec"]["analysis"]["stepWeights"])
    raise ValueError(f"{manifest.name} has no Canary")


def chosen(user: str | None, weight: int) -> bool:
    """Whether a request goes to the next release."""
    if user is None:
        return random.random() * 100 < weight
    return int.from_bytes(hashlib.sha256(user.encode()).digest()[:4]) / 2**32 * 100 < weight


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start(version: str, port: int) -> subprocess.Popen[bytes]:
    """The service with one release, on a port of its own."""
    path = json.loads((ROOT / "releases" / "releases.json").read_text(encoding="utf-8"))[version]["path"]
    told = {name: value for name, value in os.environ.items() if name not in ("RELEASE_FILE", "MODEL_SHA256")}
    command = [sys.executable, "-m", "uvicorn", "service.app:app", "--port", str(port), "--log-level", "warning"]
    return subprocess.Popen(command, cwd=ROOT, env={**told, "MODEL_PATH": path, "MODEL_VERSION": version})


def stop(services: list[subprocess.Popen[bytes]]) -> None:
    for service in services:
        service.terminate()
    for service in services:
        try:
            service.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            service.kill()
            service.wait()


def create_app(stable: str, following: str, weight: int) -> FastAPI:
    """The router over the two: `stable`, and `following` with `weight` per cent of the requests."""
    ports = [free_port(), free_port()]

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services = [start(version, port) for version, port in zip((stable, following), ports, strict=True)]
        bases = [f"http://127.0.0.1:{port}" for port in ports]
        async with contextlib.AsyncExitStack() as stack:
            app.state.both = [
                await stack.enter_async_context(httpx.AsyncClient(base_url=base, timeout=10.0, trust_env=False))
                for base in bases
            ]
            try:
                yield
            finally:
                await asyncio.to_thread(stop, services)

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.get("/readyz")
    async def readyz() -> Response:
        """Ready when both are."""
        for service in app.state.both:
            try:
                if (await service.get("/readyz")).status_code != 200:
                    return Response(status_code=503)
            except httpx.TransportError:
                return Response(status_code=503)
        return Response(status_code=200)

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
    async def route(request: Request) -> Response:
        service = app.state.both[chosen(request.headers.get(USER), weight)]
        kept = {name: value for name, value in request.headers.items() if name not in HOPS}
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        try:
            answer = await service.request(request.method, target, headers=kept, content=await request.body())
        except httpx.TransportError:
            return Response(status_code=502)
        passed = {name: value for name, value in answer.headers.items() if name not in HOPS}
        return Response(answer.content, status_code=answer.status_code, headers=passed)

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--stable", default="1.9.0")
    parser.add_argument("--next", default="2.0.0")
    asked = parser.parse_args()
    weight = steps(MANIFEST)[asked.step - 1]
    uvicorn.run(create_app(asked.stable, asked.next, weight), port=asked.port, log_level="warning")


if __name__ == "__main__":
    main()
