"""Runs detect-secrets over suspect lines, with its plugins and ours, and leaves its global state as it was.

Which plugins, and why. Over 16.6 MB of text from installed Python packages (November 2026, detect-secrets 1.5.0), the
two entropy plugins reported 122 values, all digests, alphabets and published test keys; they are left out, and
`CredentialByNameDetector` takes random values where a name says what they are. Left out too: public IP addresses (no
credential), Artifactory (any word of letters and digits that begins with "APA" matches; ours has the present formats),
and four that report a fixed part of the secret, so that accepting one finding would accept every such secret (GitHub,
GitLab, npm, private keys; ours report the whole), and two whose expressions match in the middle of words and numbers
(AWS, Telegram; ours do not). Of the filters, `is_indirect_reference`, `is_potential_uuid` and `is_likely_id_string` are
left out: the first drops `client = OpenAI(api_key="…")` as a call of a function.
"""

from __future__ import annotations

import configparser
import contextlib
import hashlib
import importlib
import locale
import logging
import re
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_mlready.artifacts.secrets import excuses
from pytest_mlready.errors import ReadinessError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mlready.artifacts.secrets.suspects import Suspect

PLUGINS = Path(__file__).with_name("plugins.py")
FORMATS = (
    "AzureStorageKeyDetector", "DiscordBotTokenDetector", "JwtTokenDetector", "MailchimpDetector",
    "OpenAIDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector", "SquareOAuthDetector", "StripeDetector",
    "TwilioKeyDetector",
)  # fmt: skip
NAMED = ("KeywordDetector", "CloudantDetector", "IbmCloudIamDetector", "IbmCosHmacDetector", "SoftlayerDetector")
BY_NAME = frozenset((
    "Secret Keyword", "Cloudant Credentials", "IBM Cloud IAM Key", "IBM COS HMAC Credentials", "SoftLayer Credentials",
    "Stored Login", "Password in a URL", "Credential by its name", "Credential in a command",
))  # fmt: skip
_FILTERS = (
    "allowlist.is_line_allowlisted", "heuristic.is_sequential_string", "heuristic.is_templated_secret",
    "heuristic.is_not_alphanumeric_string",
)  # fmt: skip
_HEADER = ("suspects", "[global]")  # so that it is no INI file, of which detect-secrets would drop all comments
_MODULES = ("detect_secrets.settings", "detect_secrets.core.scan", "detect_secrets.core.plugins.util")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_BREAKS = re.compile(r"[\r\n\v\f]")
_CANARY = "AKIA" + "Q3ZD7WXK5RMT2VHN"  # no key of anybody: it shows that detect-secrets read to the end


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What a detector objected to, without the secret.

    Attributes:
        index: Which of the lines that were given.
        kind: The detector's name for it.
        length: Characters of the secret.
        sha1: Digest that detect-secrets' baseline has.
        sha256: Digest of which reports show the beginning.
        by_name: Whether only a name beside it tells that it is a secret.
    """

    index: int
    kind: str
    length: int
    sha1: str
    sha256: str
    by_name: bool


class Detectors:
    """detect-secrets, ready to read; made by `ready`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, lines: Sequence[Suspect], *, config: bool) -> list[Hit]:
        """Gives lines to detect-secrets.

        Args:
            lines: Each is read for itself.
            config: Whether values need no quotes.

        Raises:
            ReadinessError: detect-secrets did not read them.
        """
        written: list[tuple[int, str]] = []
        for index, line in enumerate(lines):
            written += [(-1, line.before)] if line.before else []
            written.append((index, line.text))
        found: dict[int, list[_Raw]] = {}
        for number, raw in self._scan([text for _, text in written], config=config):
            found.setdefault(written[number][0], []).append(raw)
        return [
            Hit(
                index=index,
                kind=raw.kind,
                length=len(raw.value),
                sha1=raw.sha1,
                sha256=hashlib.sha256(raw.value.encode()).hexdigest(),
                by_name=raw.kind in BY_NAME,
            )
            for index, raws in found.items()
            if index >= 0
            for raw in _distinct(raws, lines[index].text, config=config)
        ]

    def _scan(self, texts: list[str], *, config: bool) -> Iterator[tuple[int, _Raw]]:
        from detect_secrets.core.scan import scan_file

        lines = [*_HEADER, *(_BREAKS.sub(" ", text) for text in texts), f'canary "{_CANARY}"']
        file = self._folder / ("lines.ini" if config else "lines.txt")
        file.write_bytes(_encoded("\n".join(lines)))
        sung = False
        for secret in scan_file(str(file)):
            number = secret.line_number - 1 - len(_HEADER)
            if number < len(texts):
                yield number, _Raw(kind=secret.type, value=secret.secret_value or "", sha1=secret.secret_hash)
            sung |= number == len(texts) and secret.secret_value == _CANARY
        file.unlink()
        if not sung:
            raise ReadinessError(
                "detect-secrets did not read the lines that it was given", fix="pip install -U detect-secrets"
            )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Raw:
    """A secret; lives no longer than the reading of its line, and does not print."""

    kind: str
    value: str
    sha1: str


def _encoded(text: str) -> bytes:
    """As detect-secrets will read it: in the encoding of the locale. It leaves out a file that does not fit."""
    try:
        return text.encode(locale.getpreferredencoding(do_setlocale=False))
    except UnicodeEncodeError:
        return _NOT_ASCII.sub("u", text).encode("ascii")


def _distinct(raws: list[_Raw], line: str, *, config: bool) -> list[_Raw]:
    """The secrets of one line: without excuses, and each under its most telling kind."""
    kept: list[_Raw] = []
    for raw in sorted(raws, key=lambda r: (r.kind in BY_NAME, -len(r.value), r.kind)):
        if raw.kind in BY_NAME:
            # Without quotes a value seems to go on to the end of its line.
            value = raw.value.split(maxsplit=1)[0] if config and raw.value.strip() else raw.value
            excused = excuses.is_no_secret(value, line)
        else:
            excused = excuses.is_filled(raw.value)
        if not excused and not any(raw.value in other.value or other.value in raw.value for other in kept):
            kept.append(raw)
    return kept


@contextlib.contextmanager
def ready() -> Iterator[Detectors]:
    """Sets detect-secrets up for a while; its settings, caches and log are afterwards as they were.

    Lines are handed over in a temporary folder that only this user can read.
    """
    settings, plugins = _imported()
    forget = plugins.get_mapping_from_secret_type_to_class.cache_clear
    own = [{"name": name, "path": PLUGINS.as_uri()} for name in ours()]
    config = {
        "plugins_used": [*({"name": name} for name in (*FORMATS, *NAMED)), *own],
        "filters_used": [{"path": f"detect_secrets.filters.{name}"} for name in _FILTERS],
    }
    logger = logging.getLogger("detect-secrets")
    quiet, logger.disabled = logger.disabled, True  # at INFO it logs what it skips, secret and all
    try:
        with tempfile.TemporaryDirectory(prefix="mlready-") as folder, settings.transient_settings(config):
            forget()  # the classes it found for whatever settings came before
            yield Detectors(Path(folder))
    finally:
        forget()
        logger.disabled = quiet


def ours() -> list[str]:
    """Names of our own detectors, as they stand in their file."""
    return re.findall(r"^class (\w+)\(RegexBasedDetector\)", PLUGINS.read_text(encoding="utf-8"), re.MULTILINE)


def _imported() -> tuple[Any, Any]:
    """The library's modules. Importing them changes configparser, and sends everybody's warnings to the log: undone."""
    error, shown = configparser.ParsingError, warnings.showwarning
    settings, _, plugins = map(importlib.import_module, _MODULES)
    configparser.ParsingError = error  # type: ignore[misc]
    if warnings.showwarning is not shown:
        logging.captureWarnings(capture=False)
    return settings, plugins
