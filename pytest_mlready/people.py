"""Compares names of people as they are written: with or without an address, as a handle, with a role behind it."""

from __future__ import annotations

import re
import unicodedata

_MAIL = re.compile(r"<?([^<>\s]+@[^<>\s]+)>?")
_HIDDEN = re.compile(r"(?:\d+\+)?([^@+]+)@users\.noreply\.[\w.-]+")  # 12345+jane@users.noreply.github.com
_TAG = re.compile(r"\+[^@]*(?=@)")  # jane+git@example.com is jane@example.com
_TITLES = frozenset({"dr", "prof", "mr", "mrs", "ms", "mx"})


def same_person(one: str, other: str) -> bool:
    """Whether two names are of one person: by address where both have one, else by the words of the name.

    Case, accents, titles and the order of the words ("Hopper, Grace") make no difference; a handle ("@grace") is the
    person whose address begins with it. Two people of one name are taken for one.
    """
    if not one.strip() or not other.strip():
        return False
    first, second = _addresses(one), _addresses(other)
    if first & second:
        return True
    if bool(first) != bool(second):
        handle = _words(other if first else one)
        if len(handle) == 1 and handle[0] in {address.partition("@")[0] for address in first | second}:
            return True  # jane, and jane@example.com
    return bool(_words(one)) and sorted(_words(one)) == sorted(_words(other))


def without_role(text: str) -> str:
    """The name alone: "Grace Hopper" of "Grace Hopper, head of ethics" and of "Grace Hopper (ethics)".

    A single word before the comma is left, since it may be a family name ("Hopper, Grace").
    """
    name = text.partition("(")[0]
    head, comma, _ = name.partition(",")
    return (head if comma and len(_words(head)) > 1 else name).strip()


def _addresses(text: str) -> set[str]:
    return {_TAG.sub("", _HIDDEN.sub(r"\1@users.noreply", match.casefold())) for match in _MAIL.findall(text)}


def _words(text: str) -> list[str]:
    """The words of a name in plain letters, or a handle without its @."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", _MAIL.sub(" ", text)) if not unicodedata.combining(c))
    words = [word.strip(".,").removeprefix("@").casefold() for word in bare.split()]
    return [word for word in words if word and word not in _TITLES]
