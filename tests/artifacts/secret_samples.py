"""Makes credentials up and hides them: no literal here is one, so that other scanners find nothing in this repository."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import random
import string
import tarfile
import zipfile
from typing import Any

_RANDOM = random.Random(20261124)
_WORD = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"


def letters(size: int, of: str = _WORD) -> str:
    return "".join(_RANDOM.choice(of) for _ in range(size))


def _encoded(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _base64(size: int) -> str:
    return base64.b64encode(_RANDOM.randbytes(size)).decode()


OPENAI = "sk-" + "proj-" + letters(120)
HUGGING_FACE = "hf" + "_" + letters(34)
GITHUB = "github" + "_pat_" + letters(22) + "_" + letters(59)
AWS = "AK" + "IA" + letters(16, string.ascii_uppercase + "234567")
PASSWORD = "kT9!" + letters(9)
KEY_BODY = _base64(48)
PEM = "-----BEGIN " + "PRIVATE KEY-----\n" + KEY_BODY + "\n" + _base64(48) + "\n-----END " + "PRIVATE KEY-----\n"

# A line in which each kind stands, and the secret in it. Random: most read nothing like words.
LINES: dict[str, tuple[str, str]] = {
    "OpenAI project key": (f'key = "{OPENAI}"', OPENAI),
    "OpenAI key in a call": (f'client = OpenAI(api_key="{OPENAI}")', OPENAI),
    "OpenAI service account": (s := "sk-" + "svcacct-" + letters(80), s),
    "Anthropic": (s := "sk-" + "ant-api03-" + letters(93) + "AA", s),
    "Hugging Face": (f'login("{HUGGING_FACE}")', HUGGING_FACE),
    "GitHub fine-grained": (f"token {GITHUB}", GITHUB),
    "GitHub OAuth": (f"x={(s := 'gho' + '_' + letters(36))}", s),
    "GitHub server": (f"x={(s := 'ghs' + '_' + letters(36))}", s),
    "Google API": (f"maps: {(s := 'AI' + 'za' + letters(35))}", s),
    "Google OAuth": (s := "GOC" + "SPX-" + letters(28), s),
    "GitLab": (s := "glp" + "at-" + letters(20), s),
    "GitLab with a dot": (s := "glp" + "at-" + letters(30) + ".01." + letters(9, _HEX), s),
    "Slack application": (
        s := "xap" + "p-1-A" + letters(10, string.ascii_uppercase) + "-" + letters(13, string.digits) + "-" + letters(64, _HEX),
        s,
    ),
    "Databricks": (s := "dap" + "i" + letters(32, _HEX), s),
    "Azure storage": (f"AccountName=x;{(s := 'Account' + 'Key=' + _base64(64))}", s),
    "Azure signature": (
        "https://x.blob.core.windows.net/c?sv=2022&s" + f"ig={(s := letters(43) + '%3D')}",
        s,
    ),
    "Weights & Biases": (f"WANDB_API_KEY={(s := letters(40, _HEX))}", s),
    "netrc": (f"machine api.wandb.ai login user password {(s := letters(40, _HEX))}", s),
    "MLflow": (f"MLFLOW_TRACKING_URI=https://team:{PASSWORD}@mlflow.corp", PASSWORD),
    "database": (f"postgresql+psycopg2://svc:{(s := letters(12))}@db/x", s),
    "Redis": (f"redis://:{(s := letters(12))}@cache:6379", s),
    "npm": ("//registry.npmjs.org/:_auth" + f"Token={(s := 'npm' + '_' + letters(36))}", s),
    "PyPI": (s := "pypi-" + "AgEIcHlwaS5vcmc" + letters(80), s),
    "Stripe": (s := "sk" + "_live_" + letters(24), s),
    "SendGrid": (s := "SG" + "." + letters(22) + "." + letters(43), s),
    "Twilio": (s := "SK" + letters(32, _HEX), s),
    "Telegram": (s := letters(9, string.digits) + ":AA" + letters(33), s),
    "Discord": (s := "M" + letters(24) + "." + letters(6) + "." + letters(27), s),
    "Mailchimp": (s := letters(32, _HEX) + "-us12", s),
    "JSON web token": (
        f"id: {(s := _encoded({'alg': 'HS256'}) + '.' + _encoded({'sub': 'svc', 'n': letters(20)}) + '.')}" + letters(43),
        s,
    ),
    "private key": (PEM, KEY_BODY),
    "service account": (json.dumps({"type": "service_account", "private_key": PEM}), KEY_BODY),
    "docker login": (f'{{"auths": {{"r": {{"auth": "{(s := _base64(18))}"}}}}}}', s),
    "Kaggle": (f'{{"username":"me","key":"{(s := letters(32, _HEX))}"}}', s),
    "AWS id": (f"aws_access_key_id = {AWS}", AWS),
    "AWS secret": (f"aws_secret_access_key = {(s := letters(40))}", s),
    "password": (f'db_password = "{PASSWORD}"', PASSWORD),
    "token by its name": (f"SERVICE_TOKEN: '{(s := letters(37))}'", s),
    "hexadecimal key": (f'signing_key = "{(s := letters(64, _HEX))}"', s),
    "bearer": (f"curl -H 'Authorization: Bearer {(s := letters(40))}' https://x", s),
    "curl login": (f"curl -s -u admin:{(s := 'Hx' + letters(6))} https://x", s),
    "flag": (f"train --db-password {(s := 'Hx8' + letters(6))}", s),
    "Groq": (s := "gsk" + "_" + letters(52), s),
    "Docker Hub": (s := "dckr" + "_pat_" + letters(27), s),
}  # fmt: skip

# What healthy projects have, and what must be no alarm.
HEALTHY = {
    "placeholders.env": "API_KEY=<your-token>\nOPENAI_API_KEY=sk-" + "proj-xxxxxxxxxxxxxxxxxxxxxxxx\nDB_PASSWORD=${DB_PASSWORD}\n"
    "PASSWORD=changeme\nHF_TOKEN=hf_" + "x" * 34 + "\nSECRET=$(cat /run/secrets/key)\n",
    "digests.json": json.dumps(
        {"sha256": hashlib.sha256(b"1").hexdigest(), "md5": hashlib.md5(b"1").hexdigest(), "run_id": "0f8fad5b-d9cb-469f-a165-70867728950e"}
    ),
    "lock.txt": "".join(f"pkg{i}==1.{i} --hash=sha256:{hashlib.sha256(bytes([i])).hexdigest()}\n" for i in range(50)),
    "poetry.lock": "".join(f'{{file = "a-{i}.whl", hash = "sha256:{hashlib.sha256(bytes([i])).hexdigest()}"}},\n' for i in range(50)),
    "package-lock.json": json.dumps({"integrity": "sha512-" + _base64(64), "resolved": "https://r/x.tgz"}),
    "cert.pem": "-----BEGIN CERTIFICATE-----\n" + "\n".join(_base64(48) for _ in range(20)) + "\n-----END CERTIFICATE-----\n",
    "id_rsa.pub": "ssh-rsa " + _base64(280) + " me@host",
    "keys.py": 'HEADER = "-----BEGIN ' + 'PRIVATE KEY-----"\npublic_key = load("key.pub")\npassword = os.environ["DB_PASSWORD"]\n',
    "tokenizer_config.json": json.dumps({"eos_token": "<|endoftext|>", "pad_token": "[PAD]", "max_tokens": 4096, "unk_token_id": 0}),
    "deployment.yaml": "secretName: income-token\nsecretKeyRef:\n  name: income\n  key: password\nimagePullSecrets:\n- name: registry\n"
    "POSTGRES_PASSWORD_FILE: /run/secrets/db\nautomountServiceAccountToken: false\nsecrets: inherit\n",
    "openapi.json": json.dumps({"password": {"type": "string"}, "securitySchemes": {"bearerAuth": {"type": "http"}}, "title": "Api Key"}),
    "README.md": 'Set `export API_KEY=...`, then `curl -u user:password https://x`.\n`client = Client(api_key="your-api-key")`\n'
    "postgresql://user:password@localhost/db\n`train --password $PASSWORD`\n",
    "service.py": 'auth = HTTPBearer(auto_error=False)\ntoken = request.headers["Authorization"]\nsecret = settings.signing_key.get_secret_value()\n',
}  # fmt: skip


def tar(members: dict[str, bytes | tarfile.TarInfo]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in members.items():
            info = data if isinstance(data, tarfile.TarInfo) else tarfile.TarInfo(name)
            content = b"" if isinstance(data, tarfile.TarInfo) else data
            info.name, info.size = name, len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def link(target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo("link")
    info.type, info.linkname = kind, target
    return info


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def docker_archive(layers: list[dict[str, Any]], config: dict[str, Any] | None = None) -> bytes:
    """As `docker save` writes it, the manifest last."""
    blobs = [tar(layer) for layer in layers]
    digests = [hashlib.sha256(blob).hexdigest() for blob in blobs]
    settings = {"config": {}, "history": [], "rootfs": {"diff_ids": [f"sha256:{d}" for d in digests]}, **(config or {})}
    members: dict[str, Any] = {f"{d}/layer.tar": b for d, b in zip(digests, blobs, strict=True)}
    members["c0ffee.json"] = json.dumps(settings).encode()
    manifest = [{"Config": "c0ffee.json", "RepoTags": ["income:1"], "Layers": list(members)[: len(blobs)]}]
    return tar({**members, "manifest.json": json.dumps(manifest).encode()})


def oci_archive(layers: list[dict[str, Any]], config: dict[str, Any] | None = None, pack: Any = gzip.compress) -> bytes:
    """As `skopeo copy … oci-archive:` and buildx write it, with an index in the index."""
    members: dict[str, Any] = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}

    def blob(data: bytes, media: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        members[f"blobs/sha256/{digest}"] = data
        return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(data)}

    def document(value: dict[str, Any], media: str) -> dict[str, Any]:
        return blob(json.dumps(value).encode(), media)

    packed = [blob(pack(tar(layer)), "application/vnd.oci.image.layer.v1.tar+gzip") for layer in layers]
    settings = document({"config": {}, "history": [], **(config or {})}, "application/vnd.oci.image.config.v1+json")
    manifest = document({"config": settings, "layers": packed}, "application/vnd.oci.image.manifest.v1+json")
    inner = document({"manifests": [manifest]}, "application/vnd.oci.image.index.v1+json")
    members["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [inner]}).encode()
    return tar(members)


def notebook(*outputs: dict[str, Any], source: str = "print(1)") -> bytes:
    cell = {"cell_type": "code", "id": "a1b2c3d4", "metadata": {}, "source": [source], "outputs": list(outputs)}
    return json.dumps({"cells": [cell], "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4}).encode()


def picture() -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {"image/png": _base64(30_000), "text/plain": "<Figure>"},
    }
