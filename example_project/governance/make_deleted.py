"""Writes deleted-subjects.json: keyed hashes of people who must be found in no data set any more.

    python example_project/governance/make_deleted.py

Adult has no identifier of a person, so the content of a whole row stands for one. Nobody ever asked to be deleted from
it: the three rows below are invented and were never in the data. That the drill can find anybody at all is shown by the
first row of each table, which is listed as present. The salt of a real list lies in a secret store (`salt_env`), since
with it anybody could try names until a hash fits.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from pytest_mlready.documents.retention.subjects import digest

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "governance" / "deleted-subjects.json"
SALT = "no secret: the people of this example are invented"
INVENTED: list[list[Any]] = [
    [41, "Private", 181234, "Bachelors", 13, "Divorced", "Sales", "Unmarried", "White", "Female", 0, 0, 38,
     "United-States", "<=50K"],
    [29, "Local-gov", 240117, "Masters", 14, "Never-married", "Prof-specialty", "Not-in-family", "Black", "Male", 0, 0,
     45, "United-States", "<=50K"],
    [56, "Self-emp-inc", 99321, "HS-grad", 9, "Married-civ-spouse", "Exec-managerial", "Husband", "White", "Male", 7688,
     0, 60, "Canada", ">50K"],
]  # fmt: skip


def main() -> None:
    tables = [pl.read_parquet(ROOT / "data" / f"{name}.parquet") for name in ("train", "heldout")]
    salt = SALT.encode()
    content = {
        "version": 1,
        "description": "Invented: made by governance/make_deleted.py, which says how and why.",
        "key": ["*"],
        "salt": SALT,
        "deleted": [digest(row, salt) for row in INVENTED],
        "present": [digest(table.row(0), salt) for table in tables],
    }
    TARGET.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT.parent)}: {len(content['deleted'])} deleted, {len(content['present'])} present")


if __name__ == "__main__":
    main()
