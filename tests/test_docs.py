from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_generated_checklist_is_current():
    done = subprocess.run([sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_readme_names_both_commands_and_the_pip_lines_they_stand_for():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for line in ("make demo", "make test", "pip install -e '.[all]'", "pip install --group dev", "pytest --mlready example_project"):
        assert line in text


def test_every_link_in_our_documents_leads_somewhere():
    import re

    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("example_project/*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name} links to {target}"
