"""Cuts what pipeline.py runs on from the donors' adult.data: raw-sample.data and raw-broken.data.

    python data/raw_sample.py FOLDER_WITH_ADULT_DATA

The sample is the first 500 lines as the donors wrote them. In the broken one each line has lost its fifth field,
education-num: a column that goes missing upstream, which must stop the pipeline.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROWS = 500
LOST = 4  # education-num


def main() -> None:
    here = Path(__file__).parent
    lines = (Path(sys.argv[1]) / "adult.data").read_text().splitlines()[:ROWS]
    fields = [line.split(", ") for line in lines]
    broken = [", ".join(f for place, f in enumerate(row) if place != LOST) for row in fields]
    (here / "raw-sample.data").write_text("\n".join(lines) + "\n")
    (here / "raw-broken.data").write_text("\n".join(broken) + "\n")


if __name__ == "__main__":
    main()
