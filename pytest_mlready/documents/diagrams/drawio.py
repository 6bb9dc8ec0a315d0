"""Reads the labels of a drawio file, whose pages are XML or compressed XML, without entities and within limits."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 20_000_000  # bytes of one page, unpacked
_TAG = re.compile(r"<[^<>]*>")
_LABELS = ("value", "label", "name")


class NotUnderstoodError(Exception):
    """The file is no drawio file, or one that must not be read."""


def labels(data: bytes) -> tuple[list[str], int]:
    """The labels of all cells of all pages, as plain text, and how many cells are edges.

    Raises:
        NotUnderstoodError: It is none, is damaged, declares entities, or is too large.
    """
    root = _parsed(data)
    if root.tag not in ("mxfile", "mxGraphModel"):
        raise NotUnderstoodError(f"<{root.tag[:40]}> where drawio has <mxfile>")
    models = [root] if root.tag == "mxGraphModel" else [m for page in root.iter("diagram") for m in _pages(page)]
    found: list[str] = []
    edges = 0
    for model in models:
        for node in model.iter():
            edges += node.get("edge") == "1"
            found += [_plain(text) for key in _LABELS if (text := node.get(key))]
    return [text for text in found if text], edges


def _parsed(data: bytes) -> ET.Element:
    """XML without a document type: entities are how a small file becomes a large one."""
    try:
        text = data.decode("utf-8-sig")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise NotUnderstoodError("it declares a document type or entities")
        return ET.fromstring(text)  # noqa: S314 - entities were refused above, and the size is bounded
    except (ET.ParseError, ValueError) as error:
        raise NotUnderstoodError(f"no XML ({error})") from None


def _pages(page: ET.Element) -> Iterator[ET.Element]:
    inside = list(page)
    if inside:
        yield from inside
    elif (page.text or "").strip():
        yield _parsed(_unpacked((page.text or "").strip()))


def _unpacked(text: str) -> bytes:
    """A page as drawio compresses it: percent-encoded, deflated without a header, base64."""
    try:
        packed = base64.b64decode(text, validate=True)
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        data = unpacker.decompress(packed, LARGEST)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise NotUnderstoodError(f"a damaged page ({error})") from None
    if unpacker.unconsumed_tail:
        raise NotUnderstoodError(f"a page of more than {LARGEST:,} bytes")
    if not unpacker.eof:
        raise NotUnderstoodError("a damaged page (it ends too early)")
    return unquote(data.decode("utf-8", errors="replace")).encode()


def _plain(text: str) -> str:
    return " ".join(unescape(_TAG.sub(" ", unescape(text))).split())
