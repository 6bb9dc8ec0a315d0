"""Turns the donors' two text files into train.parquet and heldout.parquet: every row, and the donors' own split."""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

SMALL_INTEGERS = {  # signed: a test that subtracts from an age must not wrap around
    "age": pl.Int16,
    "fnlwgt": pl.Int32,
    "education-num": pl.Int16,
    "capital-gain": pl.Int32,
    "capital-loss": pl.Int16,
    "hours-per-week": pl.Int16,
}
COLUMNS = [
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship", "race",
    "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income",
]  # fmt: skip


def read_donors_file(path: Path) -> pl.DataFrame:
    """All rows of adult.data or adult.test, shape (n, 15): trimmed, labels without full stop, unknown values as "?"."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("|")]
    rows = [[value.strip() for value in line.removesuffix(".").split(",")] for line in lines]
    frame = pl.DataFrame(rows, schema=COLUMNS, orient="row")
    return frame.cast(SMALL_INTEGERS)  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="folder that holds adult.data and adult.test")
    source: Path = parser.parse_args().source
    here = Path(__file__).parent
    for original, ours, rows in (("adult.data", "train", 32_561), ("adult.test", "heldout", 16_281)):
        frame = read_donors_file(source / original)
        if frame.height != rows:
            raise SystemExit(f"{original} has {frame.height} rows; the donors' file has {rows}")
        frame.write_parquet(here / f"{ours}.parquet", compression="zstd", compression_level=19)
        print(f"{ours}.parquet: {frame.height} rows, {frame['income'].value_counts(sort=True).rows()}")


if __name__ == "__main__":
    main()
