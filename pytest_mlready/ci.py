"""Reads CI configuration, and says where it runs the gate: a command with --mlready, not a comment about one."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, Any

from pytest_mlready import commands

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Node = Any  # of yaml.compose: kept unread, so that unknown tags do no harm and every line is known
LARGEST = 256 * 1024  # bytes of a configuration file that is read
GITLAB_KEYS = {"before_script", "script", "after_script"}
PROVIDERS: tuple[tuple[str, str, frozenset[str]], ...] = (  # where each keeps its files, the keys that hold commands
    ("GitHub Actions", ".github/workflows/*.y*ml", frozenset({"run"})),
    ("GitLab CI", ".gitlab-ci.yml", frozenset(GITLAB_KEYS)),
    ("GitLab CI", "*.gitlab-ci.yml", frozenset(GITLAB_KEYS)),
    ("GitLab CI", ".gitlab/*.y*ml", frozenset(GITLAB_KEYS)),
    ("Azure Pipelines", "azure-pipelines*.y*ml", frozenset({"script", "bash", "powershell", "pwsh"})),
    ("Azure Pipelines", ".azure-pipelines/*.y*ml", frozenset({"script", "bash", "powershell", "pwsh"})),
    ("Azure Pipelines", ".azuredevops/*.y*ml", frozenset({"script", "bash", "powershell", "pwsh"})),
    ("CircleCI", ".circleci/*.y*ml", frozenset({"run", "command"})),
    ("Buildkite", ".buildkite/*.y*ml", frozenset({"command", "commands"})),
    ("Jenkins", "Jenkinsfile*", frozenset()),
)
BY_HAND = frozenset({"workflow_dispatch", "repository_dispatch"})  # GitHub events that nothing repeats by itself
NEVER = {  # key of a job or step -> values with which it does not run, or not by itself
    "if": {"false", "${{ false }}", "${{false}}"},
    "when": {"manual", "never"},
    "condition": {"false", "never()"},
    "enabled": {"false"},
    "skip": {"true"},
}
NESTING = re.compile(r"[\[{]|[-?:]\s+(?=[-?:]\s)")  # what can open a level without a line of its own
DEEPEST = 5000  # libyaml's binding crashes somewhere beyond 20,000 levels in 8 MB of stack
JENKINS = re.compile(
    r"""//[^\n]*|/\*[\s\S]*?\*/|(?:\b(?P<step>sh|bat|powershell|pwsh)\b[ \t]*\(?\s*(?:script\s*:\s*)?)?"""
    r"""(?:'''(?P<a>[\s\S]*?)'''|\"\"\"(?P<b>[\s\S]*?)\"\"\"|'(?P<c>(?:\\.|[^'\\\n])*)'|"(?P<d>(?:\\.|[^"\\\n])*)")"""
)


def provider(place: str) -> str | None:
    """The CI service that reads a file at this place (below the repository's top, with "/"), or None."""
    if "/" in place and not place.startswith("."):  # the quick answer for nearly all files
        return None
    return next((name for name, pattern, _ in PROVIDERS if _matches(place, pattern)), None)


def _matches(place: str, pattern: str) -> bool:
    return place.count("/") == pattern.count("/") and fnmatch.fnmatchcase(place, pattern)


def gate_in_ci(root: Path) -> list[tuple[str, Path, int]]:
    """Where CI configuration in this folder runs the gate, by itself and not only at a person's wish.

    Commands count that hold `--mlready`, one of its gate or report options included; so do `make X`, `tox -e X`,
    `nox -s X` and scripts of the repository that hold such a command themselves. Comments do not count, nor jobs
    that are switched off or started by hand.

    Args:
        root: Top of the repository.

    Returns:
        (provider, path below root, line of the command) of each, in a fixed order.
    """
    found = []
    for name, pattern, keys in PROVIDERS:
        for path in sorted(root.glob(pattern)):
            lines = {line for line, command in _commands(path, keys) if commands.runs_gate(command, root)}
            found += [(name, path.relative_to(root), line) for line in sorted(lines)]
    return list(dict.fromkeys(found))


def _commands(path: Path, keys: frozenset[str]) -> Iterator[tuple[int, str]]:
    text = commands.content(path, LARGEST)
    if text is None:
        return
    if not keys:
        yield from _jenkins(text)
        return
    tree = _composed(text)
    if tree is None or not _starts_itself(tree, path):
        return
    used = _extended(tree) if "GitLab" in (provider(path.name) or "") else None
    for node in _scalars(tree, keys, used):
        yield from _lines(node, text)


def _composed(text: str) -> Node | None:
    """The nodes of a YAML text, or None. Deep nesting is kept from libyaml: it would overflow the C stack."""
    import yaml

    if len(NESTING.findall(text)) > DEEPEST:
        return None
    try:
        return yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


def _jenkins(text: str) -> Iterator[tuple[int, str]]:
    for match in JENKINS.finditer(text):
        if match["step"]:
            group = next(g for g in "abcd" if match[g] is not None)
            first = text.count("\n", 0, match.start(group)) + 1
            yield from ((first + n, line) for n, line in commands.joined(match[group]))


def _lines(node: Node, text: str) -> Iterator[tuple[int, str]]:
    """Each command of a scalar, on the line where it begins; folded text (>) is one command on its first line."""
    value = str(node.value)
    first = node.start_mark.line + 1
    if node.style == "|":
        yield from ((first + 1 + n, line) for n, line in commands.joined(value))
        return
    rows = text.splitlines()[node.start_mark.line : node.end_mark.line + 1]
    offset = next((n for n, row in enumerate(rows) if "--mlready" in row), 0)
    yield from ((first + offset, line) for _, line in commands.joined(value))


def _pairs(node: Node) -> dict[str, Node]:
    return {str(k.value): v for k, v in node.value} if node.id == "mapping" else {}


def _scalars(tree: Node, keys: frozenset[str], used: set[str] | None) -> Iterator[Node]:
    """The scalars under `keys`, each once whatever aliases say, but for what does not run."""
    todo, met = [tree], set()
    while todo:
        node = todo.pop()
        if id(node) in met:
            continue
        met.add(id(node))
        pairs = _pairs(node)
        if any(str(v.value).strip().lower() in NEVER.get(k, ()) for k, v in pairs.items()):
            continue
        if node is tree and used is not None:
            pairs = {k: v for k, v in pairs.items() if not k.startswith(".") or k in used}
        todo += list(pairs.values()) or _inner(node)
        for key in keys & pairs.keys():
            yield from _leaves(pairs[key])


def _leaves(node: Node) -> list[Node]:
    """A command, or a list of them (lists within lists are allowed in GitLab)."""
    if node.id == "scalar":
        return [node]
    return [leaf for n in _inner(node) for leaf in ([n] if n.id == "scalar" else _inner(n)) if leaf.id == "scalar"]


def _inner(node: Node) -> list[Node]:
    return list(node.value) if node.id == "sequence" else []


def _extended(tree: Node) -> set[str]:
    """Hidden jobs of GitLab that a job extends or refers to: only those run."""
    used = set()
    for job in _pairs(tree).values():
        for key, value in _pairs(job).items():
            references = [n for n in (value, *_inner(value)) if n.tag == "!reference"]
            used |= {str(leaf.value) for n in references for leaf in _leaves(n)[:1]}
            used |= {str(leaf.value) for leaf in _leaves(value)} if key == "extends" else set()
    return used


def _starts_itself(tree: Node, path: Path) -> bool:
    """Whether a GitHub workflow has any event that is not a person's click; other services start theirs by pushes."""
    if path.parent.name != "workflows":
        return True
    events = _pairs(tree).get("on")
    if events is None:
        return False
    names = set(_pairs(events)) or {str(leaf.value) for leaf in _leaves(events)}
    return bool(names - BY_HAND)
