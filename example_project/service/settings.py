"""Reads what the service must be told from its environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_BYTES = 32  # RFC 7518, 3.2: an HS256 key is at least as long as the hash


class SettingsError(Exception):
    """The environment lacks something without which the service must not start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    model_path: Path
    model_version: str
    model_sha256: str | None  # stands above the SHA256SUMS beside the model
    release_file: Path | None  # once it is there it stands above the three, and may change while the service runs
    examples_file: Path | None  # where a sample of served examples is kept; nowhere when left out
    examples_share: float  # of the rows served
    tenant: str
    signing_key: str = field(repr=False)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        key = environment.get("INCOME_SIGNING_KEY", "")
        if len(key.encode()) < KEY_BYTES:
            found = f"{len(key.encode())} bytes" if key else "nothing"
            raise SettingsError(f"INCOME_SIGNING_KEY holds {found}; it must be at least {KEY_BYTES} bytes")
        return cls(
            model_path=Path(environment.get("MODEL_PATH", "artifacts/model.skops")),
            model_version=environment.get("MODEL_VERSION", "2.0.0"),
            model_sha256=environment.get("MODEL_SHA256"),
            release_file=Path(environment["RELEASE_FILE"]) if environment.get("RELEASE_FILE") else None,
            examples_file=Path(environment["SERVED_EXAMPLES"]) if environment.get("SERVED_EXAMPLES") else None,
            examples_share=float(environment.get("SERVED_EXAMPLES_SHARE", "0.01")),
            tenant=environment.get("INCOME_TENANT", "acme"),
            signing_key=key,
        )
