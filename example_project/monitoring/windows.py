"""Cuts two windows of traffic out of the data: one from the time of the release, one of now.

    python example_project/monitoring/windows.py            # writes windows/*.parquet, the same bytes on every run
    python example_project/monitoring/windows.py OTHER      # the same into another folder, to compare

Nobody sends requests to an example, so the rows stand in for them: `reference` are rows that the model was trained on,
`current` are rows that it has never seen. Both hold what the service is sent and a request id; what a person really
earned comes later, and so stands apart in `outcomes`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

HERE = Path(__file__).parent
ROWS, SEED, TARGET = 6_000, 1994, "income"
INPUTS = [
    "age", "education-num", "capital-gain", "capital-loss", "hours-per-week",
    "workclass", "marital-status", "occupation",
]  # fmt: skip


def window(name: str, *, first: str) -> pl.DataFrame:
    """Rows drawn from a data file without replacement, in the order in which they stand there, each with an id."""
    rows = pl.read_parquet(HERE.parent / "data" / f"{name}.parquet").with_row_index("number")
    drawn = rows.sample(ROWS, seed=SEED).sort("number")
    return drawn.with_columns(request_id=pl.format("{}-{}", pl.lit(first), pl.col("number")))


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "windows"
    target.mkdir(parents=True, exist_ok=True)
    reference, current = window("train", first="release"), window("heldout", first="now")
    tables = {
        "reference": reference.select("request_id", *INPUTS),
        "current": current.select("request_id", *INPUTS),
        "outcomes": current.select("request_id", TARGET),
    }
    for name, table in tables.items():
        table.write_parquet(target / f"{name}.parquet", compression="zstd", compression_level=19)
        print(f"{name}.parquet: {table.height:,} rows, {', '.join(table.columns)}")


if __name__ == "__main__":
    main()
