"""Writes the service's OpenAPI document to openapi.json, as clients are given it: python docs/export_openapi.py.

With --check nothing is written; the exit status is 1 where the committed document is another.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def document() -> str:
    sys.path.insert(0, str(ROOT))
    from service.app import create_app

    return json.dumps(create_app({}).openapi(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    target, made = ROOT / "openapi.json", document()
    if "--check" in sys.argv[1:]:
        same = target.is_file() and target.read_text(encoding="utf-8") == made
        print("as committed" if same else "openapi.json is not what the service gives; run this without --check")
        return 0 if same else 1
    target.write_text(made, encoding="utf-8")
    print(f"{target.name}: {len(made):,} characters")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
