from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_mlready import ci, settings

ROOT = Path(__file__).parents[1]


def test_the_generated_checklist_is_current():
    done = subprocess.run(
        [sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_readme_names_both_commands_and_the_pip_lines_they_stand_for():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for line in (
        "make demo",
        "make test",
        "pip install -e '.[all]'",
        "pip install --group dev",
        "pytest --mlready example_project",
    ):
        assert line in text


def test_every_link_in_our_documents_leads_somewhere():
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("example_project/*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", ["README.md", "docs/guide.md"])
def test_every_settings_example_in_our_documents_is_valid(document, tmp_path, catalog):
    """Dots stand where a reader puts a digest of his own."""
    text = (ROOT / document).read_text(encoding="utf-8").replace('sha256 = "…"', f'sha256 = "{"0" * 64}"')
    examples = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert examples
    for n, example in enumerate(examples):
        file = tmp_path / str(n) / ("pyproject.toml" if "[tool.mlready" in example else "mlready.toml")
        file.parent.mkdir()
        file.write_text(example, encoding="utf-8")
        settings.load(file, items=catalog.items)


def test_the_workflow_in_the_guide_counts_as_automation(tmp_path):
    (workflow,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/guide.md").read_text(encoding="utf-8"), re.DOTALL)
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    (folder / "readiness.yml").write_text(workflow, encoding="utf-8")
    assert ci.gate_in_ci(tmp_path)


def test_the_first_page_of_the_guide_works_on_an_empty_project(pytester, readiness):
    """As a newcomer would: the guide's settings, a small scikit-learn model, two CSV files."""
    (example,) = [
        e for e in re.findall(r"```toml\n(.*?)```", (ROOT / "docs/guide.md").read_text(), re.DOTALL) if "churn" in e
    ]
    (pytester.path / "mlready.toml").write_text(example)
    pytester.makepyfile(
        train_it="""
        import joblib, numpy as np, pandas as pd
        from sklearn.linear_model import LogisticRegression
        rng = np.random.default_rng(0)
        X = pd.DataFrame(rng.normal(size=(2000, 3)), columns=list("abc"))
        y = (X["a"] + rng.normal(size=2000) / 2 > 0).astype(int)
        joblib.dump(LogisticRegression().fit(X[:1000], y[:1000]), "model.joblib")
        X.assign(churned=y)[:1000].to_csv("train.csv", index=False)
        X.assign(churned=y)[1000:].to_csv("heldout.csv", index=False)
        """
    )
    assert subprocess.run([sys.executable, "train_it.py"], cwd=pytester.path, check=False).returncode == 0
    ran = readiness("--benchmark-disable")
    assert ran.result.ret == 0
    verified = {i for i, item in ran.report["items"].items() if item["status"] == "verified"}
    assert {"model_quality.metric_thresholds", "model_quality.heldout_integrity"} <= verified
