"""Tells placeholders and names of secrets from secrets, so that an example in a README is no alarm."""

from __future__ import annotations

import itertools
import re

SHORTEST = 4  # characters of a password that is told by its name alone
_FILLED = re.compile(r"(.)\1{5,}|x{4,}|\*{3,}|\.{3,}|…|#{4,}|_{4,}|1234567|abcdefg|0123456", re.IGNORECASE)
_MARKED = re.compile(
    r"example|placeholder|redacted|dummy|changeme|change[-_]me|your[-_]|[-_]your|replace[-_]?me|<|>", re.IGNORECASE
)
_REFERENCE = re.compile(
    r"^\$|\$[({]|(?<![A-Za-z0-9])\$\w|%\(\w+\)|\{\{|\{[\w.\[\]]*\}|%[A-Z_]+%|@Microsoft\.KeyVault|(vault|ssm|arn|secretref|file|env)[:/]"
)
_PLACE = re.compile(
    r"(\.{0,2}|~|[A-Za-z]:)[/\\]|https?://|\w+(/[\w.-]+)+$|[\w-]+\.(pem|key|json|txt|ya?ml|env|crt|toml|py)$"
)
_CODE = re.compile(
    r"^[\w.]+[(\[]|^(self|os|settings|config|args|request|params|options|environ|process|env)\.|^(None|lambda)\b|"
    r"\w \| \w"
)
_IDENTIFIER = re.compile(r"[a-z]{2,}([_.:-]([a-z]+|v?\d{1,2}[a-z]{0,2}))+")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")  # the name of an environment variable
_LEAST_RANDOM = 12  # characters
_WORDS = re.compile(r"[^a-z0-9]+")
# fmt: off
_SAID = frozenset((
    "password", "passwd", "pass", "pwd", "secret", "token", "key", "api", "apikey", "auth", "access", "my", "your",
    "the", "a", "an", "some", "here", "insert", "put", "enter", "replace", "with", "me", "changeme", "change", "this",
    "in", "production", "default", "test", "testing", "tests", "demo", "sample", "fake", "mock", "foo", "bar", "baz",
    "none", "null", "true", "false", "yes", "no", "string", "str", "text", "bytes", "int", "bool", "object", "value",
    "required", "optional", "hidden", "unset", "empty", "inherit", "user", "username", "admin", "guest", "root",
    "postgres", "mysql", "minioadmin", "minio", "rabbitmq", "redis", "tiger", "local", "localhost", "dev", "xxx", "xx",
    "todo", "tbd", "na", "id", "name", "client", "service", "account", "credentials", "credential", "private", "public",
    "redacted", "masked", "placeholder", "dummy", "of", "for", "to", "and", "or", "is", "be", "not", "set", "from",
    "env", "environment", "variable", "bearer", "basic", "header", "field", "openai", "hf", "anthropic", "github",
    "wandb", "aws", "gcp", "azure", "mlflow", "db", "database", "example", "opaque", "generate", "random",
))
_NOT_THE_SECRET = re.compile(
    r"(name|names|file|files|path|dir|url|uri|id|ids|ref|refs|keyref|env|var|field|column|header|type|types|policy|"
    r"policies|scope|scopes|arn|label|labels|hash|digest|sha\d*|version|manager|class|prefix|suffix|count|length|len|size|ttl|"
    r"expiry|expires|expiration|timeout|alias|vault|store|mount|provider|regex|pattern|help|hint|description|format|"
    r"title|required|enabled|disabled|secrets|tokens|passwords|credentials|keys|reset|change|strength|validator|"
    r"algorithm|index|position|str|repr|limit|limits|strategy|mode|detector|plugin|scanner|placeholder|example|"
    r"errors?|message|text|color|style|weight|weights|embedding|mask|budget|usage|price|cost|rate|bucket)"
)
_OF_LANGUAGE = re.compile(
    r"(pad|eos|bos|unk|sep|cls|mask|special|added|extra|image|audio|video|begin|end|start|stop|max|min|num|n|per|total|"
    r"page|next_page|continuation|sync|cursor|prompt|completion|input|output|first|last|next|prev|previous|sub|csrf|xsrf|new|old|decoder|encoder|model|fim)"
    r"[_-]?tokens?([_-]?\w+)?"
)
# fmt: on


def is_filled(value: str) -> bool:
    """Whether a value in the format of a token is plainly made up: repeated or counting characters, or marked so."""
    return len(set(value)) < 6 or _FILLED.search(value) is not None or _MARKED.search(value) is not None


def is_no_secret(value: str, line: str) -> bool:
    """Whether a value that only words beside it tell is none: a placeholder, a reference, a place, code, prose, a name.

    Args:
        value: What a detector took for a secret.
        line: The line that it stands in; the name before the value may say that it is something else.
    """
    name = _name_before(line, value)
    value = value.strip().strip("\"'`;,)")
    if len(value) < SHORTEST or is_filled(value) or _REFERENCE.search(value) or _CONSTANT.fullmatch(value):
        return True
    if (_PLACE.match(value) and not _is_random(value)) or _CODE.search(value) or value[:1] in "{[(<&*|":
        return True
    words = [word for word in _WORDS.split(value.lower()) if word]
    if all(word in _SAID or len(word) == 1 for word in words) or _is_prose(value, words):
        return True
    return _names_something_else(name) or _repeats(name, value)


def _is_random(value: str) -> bool:
    """Whether a value with slashes is Base64 and no path: many keys of AWS have a slash.

    Among random letters and digits, three of five change their kind from one to the next; in paths one of four does.
    """
    bare = value.replace("/", "").replace("+", "").rstrip("=")
    kinds = [next((k for k, of in enumerate((str.islower, str.isupper, str.isdigit)) if of(c)), 3) for c in bare]
    changes = sum(one != other for one, other in itertools.pairwise(kinds))
    return len(bare) >= _LEAST_RANDOM and {0, 1, 2} == set(kinds) and changes >= 0.4 * (len(bare) - 1)


def _name_before(line: str, value: str) -> str:
    """The last name before a value, in lower case with "_" between its words."""
    at = line.find(value)
    names = re.findall(r"[A-Za-z][\w.-]*", line[:at]) if at > 0 else []
    return re.sub(r"[.-]", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", names[-1]).lower()) if names else ""


def _names_something_else(name: str) -> bool:
    """Whether a name is that of a file, a policy, a token of a language model …: "secretName", "pad_token"."""
    return _NOT_THE_SECRET.fullmatch(name.rpartition("_")[2]) is not None or _OF_LANGUAGE.fullmatch(name) is not None


def _repeats(name: str, value: str) -> bool:
    """Whether a value is made of words alone, as names are; a pass phrase is too, so those are no excuse."""
    if _plain(value) in _plain(name):
        return True
    return _IDENTIFIER.fullmatch(value) is not None and not re.search("pass|pwd", name)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _is_prose(value: str, words: list[str]) -> bool:
    """Several words of letters alone, as in the help text of an option."""
    return " " in value and len(words) > 2 and sum(map(str.isalpha, words)) >= len(words) - 1
