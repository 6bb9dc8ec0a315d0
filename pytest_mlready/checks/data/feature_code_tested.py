"""Asks whether the code that makes features is covered by tests."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="data.feature_code_tested",
    title="Feature code tested",
    question="Is the code that makes features covered by tests?",
    why=(
        "A bug in a feature is nearly invisible later: the model learns around it, the metric dips a little, and "
        "nothing crashes. When the bug is fixed after training, the repaired feature is new to the model and quality "
        "falls on the day of the fix. A unit test at the time of writing costs minutes."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: the coverage data file of "
        "this run or of a run that you name, read for the modules that you declare as feature code. It passes when "
        "line and branch coverage are each at least 80 % and the file is not older than that code. It fails below 80 "
        "%. A stale file, a file without branches, or modules that it does not mention are inconclusive. Coverage "
        "shows what was executed, not what was asserted, so tests with known inputs and outputs are the stronger "
        "evidence."
    ),
    how_to_fix=(
        "Move feature code from notebooks and SQL strings into functions that take rows and return rows. Test each "
        "with hand-made cases: nulls, zero, the edge of a window, time zones, unseen categories. Run the suite with "
        "branch coverage and keep the data file as an artifact of CI. Add a property test that a feature never looks "
        "past its decision time."
    ),
    attestation=(
        "Which modules make features, the coverage measured and when, which parts are not covered, and which cases the "
        "tests try."
    ),
    sources=(
        "Breck et al. 2017, ML Test Score, Data 7: all input feature code is tested",
        "Coverage.py documentation, Branch coverage measurement",
    ),
)
