"""Writes the service's own layers as a saved image (docker-archive), without a container engine.

    python example_project/deploy/build_image.py example_project/build/income.tar

For the secrets check where no engine runs. It is not the image that is deployed: it has what COPY, ENV, LABEL and the
like of the Dockerfile say, and neither the base image of FROM nor what RUN installs, since both need an engine. Where
there is one, check what it built: docker build -t income:2.0.0 . && docker save -o build/income.tar income:2.0.0.
The same files give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import shlex
import sys
import tarfile
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
TAG = "income:2.0.0"
CREATED = "1970-01-01T00:00:00Z"  # no clock, so that equal files give equal bytes


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """(instruction, the rest of its line), without comments, continued lines joined."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(word.upper(), rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in joined) if word]


def copied(rest: str, workdir: str, project: Path) -> dict[str, bytes]:
    """The files of one COPY by their path in the image; its sources are files, or globs of files."""
    *sources, target = shlex.split(rest)
    if rest.startswith(("--", "[")) or not sources:
        raise ValueError(f"COPY {rest}: only COPY SOURCE … TARGET is understood here")
    folder = posixpath.join(workdir, target)
    files: dict[str, bytes] = {}
    for source in sources:
        found = sorted(path for path in project.glob(source) if path.is_file())
        if not found:
            raise FileNotFoundError(f"COPY {rest}: {source} names no file of {project.name}/")
        several = len(sources) > 1 or len(found) > 1 or target.endswith("/")
        files |= {posixpath.join(folder, p.name) if several else folder: p.read_bytes() for p in found}
    return {posixpath.normpath(path).lstrip("/"): data for path, data in files.items()}


def archive(files: dict[str, bytes]) -> bytes:
    """A tar archive of these files, owned by root and without times."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, data in sorted(files.items()):
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def build(dockerfile: Path, project: Path) -> bytes:
    """The saved image that a Dockerfile describes, as far as no engine is needed."""
    running: dict[str, Any] = {"Env": [], "WorkingDir": "/", "Labels": {}}
    layers: list[bytes] = []
    history = []
    for word, rest in instructions(dockerfile.read_text(encoding="utf-8")):
        if word == "COPY":
            layers.append(archive(copied(rest, running["WorkingDir"], project)))
        else:
            _apply(running, word, rest)
        history.append({"created": CREATED, "created_by": f"{word} {rest}", "empty_layer": word != "COPY"})
    digests = [hashlib.sha256(layer).hexdigest() for layer in layers]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": CREATED,
        "config": running,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": history,
    }
    return _saved(_json(config), list(zip(digests, layers, strict=True)))


def _apply(running: dict[str, Any], word: str, rest: str) -> None:
    """Notes what an instruction sets; FROM and RUN set nothing here."""
    if word == "ENV":
        running["Env"] += shlex.split(rest)
    elif word == "LABEL":
        running["Labels"] |= dict(pair.split("=", 1) for pair in shlex.split(rest))
    elif word == "WORKDIR":
        running["WorkingDir"] = posixpath.join(running["WorkingDir"], rest)
    elif word == "USER":
        running["User"] = rest
    elif word in ("CMD", "ENTRYPOINT"):
        running[word.capitalize()] = json.loads(rest) if rest.startswith("[") else ["/bin/sh", "-c", rest]
    elif word == "HEALTHCHECK":
        running["Healthcheck"] = {"Test": ["CMD-SHELL", rest]}
    elif word not in ("FROM", "RUN", "EXPOSE", "ARG"):
        raise ValueError(f"{word} is not understood here")


def _saved(config: bytes, layers: list[tuple[str, bytes]]) -> bytes:
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [TAG], "Layers": [f"{digest}/layer.tar" for digest, _ in layers]}]
    members = {f"{digest}/layer.tar": layer for digest, layer in layers}
    return archive({**members, name: config, "manifest.json": _json(manifest)})


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} IMAGE.tar")
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(build(PROJECT / "Dockerfile", PROJECT))
    print(f"wrote {target}: the layers of COPY alone, without the base image and what RUN installs")


if __name__ == "__main__":
    main()
