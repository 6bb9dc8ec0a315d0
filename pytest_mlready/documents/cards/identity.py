"""Reads which model a card says it is about, and holds that against the candidate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_mlready.values import Measurement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_mlready.documents.markdown import Document

SHORTEST = 12  # hexadecimal digits of a digest that still name one file
_DIGEST_KEY = re.compile(r"(model|artifact|weights)?[-_ ]?(sha ?-?256|digest|checksum|hash)([-_ ]?sum)?")
_VERSION_KEY = re.compile(r"(model|card)?[-_ ]?(version|revision|release)")
_HEX = re.compile(r"(?<![0-9a-zA-Z])[0-9a-f]{64}(?![0-9a-zA-Z])")
_LINE = re.compile(r"\b(?:model )?(?:version|release)\b\W{0,4}v?(\d[\w.+-]*)", re.IGNORECASE)


def judge(document: Document, *, sha256: str | None, version: str | None) -> Verdict:
    """Whether the version or digest in a card is the candidate's.

    Args:
        document: The card.
        sha256: Of the candidate's artifact; None where it is no file.
        version: Of the settings; None where they have none.
    """
    digests, versions = _said(document)
    shown = (
        Measurement(name="digest in the card", value=", ".join(digests) or None),
        Measurement(name="version in the card", value=", ".join(versions) or None),
    )
    outcome, message = _judged(document, digests, versions, sha256, version)
    return Verdict(outcome=outcome, message=f"{document.path} {message}", measurements=shown)


def _judged(
    document: Document, digests: list[str], versions: list[str], sha256: str | None, version: str | None
) -> tuple[Any, str]:
    inside = bool(sha256) and sha256 in _HEX.findall(_text(document))
    wrong = [d for d in digests if sha256 and not _same(d, sha256)]
    other = [v for v in versions if version and not _equal(v, version)]
    if wrong:
        return "failed", f"is about the artifact {wrong[0]}; the candidate's sha256 is {sha256}"
    if other:
        return "failed", f"is about version {other[0]}; the candidate is version {version}"
    if (digests and sha256) or inside:
        return "passed", "names the candidate's digest"
    if versions and version:
        return "passed", f"names the candidate's version, {version}"
    line = f"version: {version or '…'}" + (f"\nsha256: {sha256}" if sha256 else "")
    if not digests and not versions:
        return "failed", f"does not say which model it is about. Next step: put into its metadata:\n{line}"
    fix = 'version = "…" under [tool.mlready], or a model file whose digest can be compared'
    return (
        "inconclusive",
        f"names {(*digests, *versions)[0]}, and nothing is known to compare it with. Next step: {fix}",
    )


def _said(document: Document) -> tuple[list[str], list[str]]:
    """Digests and versions that the card gives for its model, each once."""
    pairs = [*_flat(document.front), *_table_pairs(document)]
    digests = [_digest(v) for k, v in pairs if _DIGEST_KEY.fullmatch(k) and _digest(v)]
    versions = [v.strip() for k, v in pairs if _VERSION_KEY.fullmatch(k) and re.search(r"\d", v)]
    if not versions:
        intro = [b.text for s in document.sections[:4] for b in s.blocks if b.kind in ("text", "item")]
        versions = [m[1].rstrip(".") for text in intro for m in _LINE.finditer(text)][:1]
    return list(dict.fromkeys(digests)), list(dict.fromkeys(versions))


def _flat(table: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str, str]]:
    """(key, text) of the metadata, also of tables about the model within it."""
    for key, value in table.items():
        if (
            isinstance(value, dict)
            and depth == 0
            and re.fullmatch(r"model|artifact|model[-_]details", str(key).lower())
        ):
            yield from _flat(value, 1)
        elif isinstance(value, str):
            yield str(key).lower(), value


def _table_pairs(document: Document) -> Iterator[tuple[str, str]]:
    """Rows of two cells, and of entries such as “Model version: 2.0.0”."""
    for section in document.sections:
        for block in section.blocks:
            rows = (block.table.header, *block.table.rows) if block.table else ()
            yield from ((row[0].strip().lower(), row[1]) for row in rows if len(row) == 2)
            if block.kind == "item" and ":" in block.text:
                key, _, value = block.text.partition(":")
                yield key.strip().lower(), value


def _digest(text: str) -> str:
    match = re.fullmatch(rf"(?:sha256[:-])?([0-9a-f]{{{SHORTEST},64}})[….]*", text.strip().lower())
    return match[1] if match else ""


def _same(written: str, sha256: str) -> bool:
    return sha256.startswith(written)


def _equal(written: str, version: str) -> bool:
    return written.strip().lower().lstrip("v") == version.strip().lower().lstrip("v")


def _text(document: Document) -> str:
    return "\n".join(block.text for section in document.sections for block in section.blocks)
