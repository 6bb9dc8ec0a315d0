"""Recognises what no answer may show to a stranger: stack traces, errors of a database, lines of a password file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# What runtimes print, also as it looks inside a JSON string (\" for ", \n for a line break).
TRACES: Mapping[str, re.Pattern[str]] = {
    "Python": re.compile(r'Traceback \(most recent call last\)|File \\*"[^"\\]+\.pyx?\\*", line \d+'),
    "Java": re.compile(r"\bat [\w.$/]+\([\w$]+\.(?:java|kt|scala):\d+\)"),
    "JavaScript": re.compile(r"\bat [^\n]{0,200}?[\w./-]+\.[cm]?[jt]s:\d+:\d+"),
    "Go": re.compile(r"goroutine \d+ \[[a-z ]+\]"),
    ".NET": re.compile(r"\bat [^\n]{0,200}? in [^\n]{0,200}?\.(?:cs|fs|vb):line \d+"),
    "Rust": re.compile(r"thread '[^']*' panicked at "),
    "Ruby": re.compile(r"[\w/.-]+\.rb:\d+:in [`']"),
    "PHP": re.compile(r"\.php(?:\(\d+\)|:\d+| on line \d+)"),
    "a debugger": re.compile(r"Werkzeug Debugger|The debugger caught an exception|DEBUG = True"),
}
DATABASES = re.compile(
    r"SQLSTATE\[|sqlite3\.(?:Operational|Programming|Database)Error|unrecognized token:"
    r"|near \\*\"[^\"]*\": syntax error|psycopg2?\.|unterminated quoted string|You have an error in your SQL syntax"
    r"|ORA-\d{5}|Unclosed quotation mark|javax\.naming\.|Bad search filter|LDAPException"
    r"|MongoServerError|MongoError|unknown operator: \$"
)
PASSWORDS = re.compile(r"root:[^:\n]{0,200}:0:0:")


def trace(text: str) -> str:
    """The runtime whose stack trace a text holds; "" where it holds none."""
    return next((name for name, pattern in TRACES.items() if pattern.search(text)), "")


def database_error(text: str) -> str:
    """The words by which a text gives a database's or directory's error away; "" where there are none."""
    found = DATABASES.search(text)
    return found.group() if found else ""
