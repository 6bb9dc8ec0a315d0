"""Finds the commands in a runbook, and in them the names of things that can be looked up: files, targets, resources."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mlready.documents.markdown import Block, Document

Kind = Literal["file", "make target", "kubernetes", "compose service"]
SHELLS = ("", "sh", "bash", "zsh", "shell", "console", "shell-session", "terminal")
SESSIONS = ("console", "shell-session", "terminal")
KINDS = {  # what kubectl calls a kind, and how a manifest writes it
    "Deployment": ("deploy", "deployment", "deployments", "deployment.apps"),
    "StatefulSet": ("sts", "statefulset", "statefulsets"),
    "DaemonSet": ("ds", "daemonset", "daemonsets"),
    "Service": ("svc", "service", "services"),
    "HorizontalPodAutoscaler": ("hpa", "horizontalpodautoscaler", "horizontalpodautoscalers"),
    "CronJob": ("cj", "cronjob", "cronjobs"),
    "Job": ("job", "jobs"),
    "ConfigMap": ("cm", "configmap", "configmaps"),
    "NetworkPolicy": ("netpol", "networkpolicy", "networkpolicies"),
    "PodDisruptionBudget": ("pdb", "poddisruptionbudget", "poddisruptionbudgets"),
    "InferenceService": ("isvc", "inferenceservice", "inferenceservices"),
    "Rollout": ("ro", "rollout", "rollouts"),
}
_KUBERNETES = {word: kind for kind, words in KINDS.items() for word in words}
_PROMPT = re.compile(r"^\s*(?:\([^)]*\)\s*)?[$#%>]\s+")
_OPEN = re.compile(r"[$*?{}<>~\[\]]|\.\.\.|…")  # what only whoever runs it can fill in
_FILE = re.compile(r"(?:\./)?[\w.@-]+(?:/[\w.@-]+)+/?|[\w.@-]+\.(?:sh|py|ya?ml|json|toml|sql|tf|ps1)")
_SEPARATORS = frozenset({"|", "||", "&&", ";", "&", "|&"})
_INTERPRETERS = frozenset({"bash", "sh", "zsh", "python", "python3", "source", ".", "cat", "less"})
_PROGRAMS = _INTERPRETERS | {
    "make",
    "kubectl",
    "docker",
    "docker-compose",
    "sudo",
    "curl",
    "git",
    "helm",
    "cd",
    "export",
}
# Options that take the next word: of kubectl, and of docker compose behind its own command.
_WITH_VALUE = frozenset(
    "-n --namespace -f --filename -k -o --output -c --container -l --selector --context --tail --since -p --patch "  # noqa: SIM905
    "--type --timeout".split()
)
_COMPOSE_VALUE = frozenset("-n --tail --since --until -u --user -w -e --env -t --timeout".split())  # noqa: SIM905
_MAKES = ("create", "run", "expose")  # what they name is yet to be there
_ACTS = ("logs", "restart", "stop", "start", "up", "exec", "kill", "rm", "run", "pull", "build", "scale")


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One thing that a command names.

    Attributes:
        kind: What it seems to be.
        name: Its name; of Kubernetes "Deployment/income".
        place: Document and line.
        command: The words in which it stands.
    """

    kind: Kind
    name: str
    place: str
    command: str


def names(document: Document) -> tuple[list[Name], list[str]]:
    """What the commands of a document name, and the commands in which nothing that could be looked up was found."""
    found: list[Name] = []
    unknown: list[str] = []
    for line, words in _commands(document):
        command = " ".join(words)
        place = f"{document.path}:{line}"
        here = [Name(kind=kind, name=name, place=place, command=command) for kind, name in _named(words)]
        found += here
        if not here:
            unknown.append(f"{place}: {command}")
    return found, unknown


def _commands(document: Document) -> Iterator[tuple[int, list[str]]]:
    for section in document.sections:
        for block in section.blocks:
            if block.kind == "code" and block.language in SHELLS:
                yield from _block(block)


def _block(block: Block) -> Iterator[tuple[int, list[str]]]:
    lines = block.text.splitlines()
    prompted = block.language in SESSIONS or any(re.match(r"^\s*\$\s", line) for line in lines)
    if not block.language and not prompted and not all(_begins_a_command(line) for line in lines):
        return  # output, configuration, or something else
    for number, line in _joined(lines):
        if not prompted or _PROMPT.match(line):
            for words in _split(_PROMPT.sub("", line) if prompted else line):
                yield block.line + number, words


def _begins_a_command(line: str) -> bool:
    first = next(iter(line.split()), "#")
    return first.startswith(("#", "./", "-")) or first in _PROGRAMS


def _joined(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, those that end in a backslash joined with the next."""
    at = 0
    while at < len(lines):
        first, whole = at, lines[at]
        while whole.endswith("\\") and at + 1 < len(lines):
            at += 1
            whole = f"{whole[:-1]} {lines[at]}"
        at += 1
        yield first, whole


def _split(line: str) -> Iterator[list[str]]:
    """The commands of one line, as words; without comments, assignments and sudo."""
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;")
        lexer.whitespace_split = True
        tokens = list(lexer)
    except ValueError:
        return
    words: list[str] = []
    for token in [*tokens, ";"]:
        if token not in _SEPARATORS:
            words.append(token)
            continue
        while words and (words[0] == "sudo" or re.fullmatch(r"\w+=.*", words[0])):
            words.pop(0)
        if words:
            yield words
        words = []


def _named(words: Sequence[str]) -> Iterator[tuple[Kind, str]]:
    program, rest = words[0], list(words[1:])
    if program == "make":
        yield from _targets(rest)
    elif program == "kubectl":
        yield from _resources(rest)
        yield from (
            ("file", value) for value in _values(rest, "-f", "--filename", "-k", "--kustomize") if _is_file(value)
        )
    elif program == "docker-compose" or (program == "docker" and rest[:1] == ["compose"]):
        yield from _services(rest if program == "docker-compose" else rest[1:])
    elif "/" in program and _is_file(program):
        yield "file", program
    elif program in _INTERPRETERS:
        yield from (("file", word) for word in rest[:1] if _is_file(word))


def _is_file(word: str) -> bool:
    return (
        not word.startswith(("/", "-")) and "://" not in word and not _OPEN.search(word) and bool(_FILE.fullmatch(word))
    )


def _targets(words: Sequence[str]) -> Iterator[tuple[Kind, str]]:
    if any(word.startswith(("-C", "-f", "--directory", "--file")) for word in words):
        return
    plain = (word for word in words if not word.startswith("-") and "=" not in word and not _OPEN.search(word))
    yield from (("make target", word) for word in plain)


def _resources(words: Sequence[str]) -> Iterator[tuple[Kind, str]]:
    """“deployment/income” and “deployment income”, where the kind is one that manifests have."""
    plain = _without_options(words)
    plain = plain[2:] if plain[:2] == ["argo", "rollouts"] else plain
    if not plain or plain[0] in _MAKES:
        return
    for index, word in enumerate(plain):
        kind, slash, name = word.partition("/")
        if not slash and index + 1 < len(plain) and index > 0:
            name = plain[index + 1]
        if kind.lower() in _KUBERNETES and name and not _OPEN.search(name) and "/" not in name:
            yield "kubernetes", f"{_KUBERNETES[kind.lower()]}/{name}"


def _services(words: Sequence[str]) -> Iterator[tuple[Kind, str]]:
    act = next((n for n, word in enumerate(words) if word in _ACTS), None)
    if act is None:
        return
    plain = _without_options(words[act + 1 :], _COMPOSE_VALUE)
    if plain and not _OPEN.search(plain[0]):
        yield "compose service", plain[0].partition("=")[0]


def _without_options(words: Sequence[str], with_value: frozenset[str] = _WITH_VALUE) -> list[str]:
    """The words up to “--” without options and the values of those that take one."""
    kept: list[str] = []
    skip = False
    for word in words:
        if word == "--":
            break
        if not skip and not word.startswith("-"):
            kept.append(word)
        skip = word in with_value
    return kept


def _values(words: Sequence[str], *options: str) -> Iterator[str]:
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in options:
            found = value if equals else words[index + 1] if index + 1 < len(words) else ""
            yield from (one for one in [found] if one)
