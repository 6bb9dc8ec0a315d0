"""Calls a team's notifier, "module:function", in a process of its own with those of the arguments that it takes.

A program, started as `python -P notifier.py module:function arguments.json` in the project's folder; the arguments are
`manifest`, `lock`, `url` and `file`, all of them text.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    source, file = sys.argv[1:]
    sys.path.insert(0, str(Path.cwd()))
    module, _, path = source.partition(":")
    sys.argv = [module]  # a module that reads its arguments has none
    function: Any = importlib.import_module(module)
    for part in path.split("."):
        function = getattr(function, part)
    given = json.loads(Path(file).read_text(encoding="utf-8"))
    taken = inspect.signature(function).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in taken.values())
    function(**{name: value for name, value in given.items() if takes_any or name in taken})


if __name__ == "__main__":
    main()
