"""Asks whether a schema states what every input may look like and rejects what breaks it."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="data.feature_schema",
    title="Feature expectations are in a schema",
    question="Does a schema state what each input may look like, and does it reject data that breaks it?",
    why=(
        "Upstream teams change units, codes and null conventions without a word, and a model answers anyway. A schema "
        "turns such a change into an error at the door. A schema that was generated once and accepts everything gives "
        "the same green light as none."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a schema in pandera, JSON "
        "Schema, Great Expectations or the style of TensorFlow Data Validation that is applied to data, and then to "
        "damaged copies of it. It passes when it covers 100 % of the model's inputs, the training data conform, and at "
        "least 90 % of the mutants are rejected: values out of range, nulls where none belong, unknown categories, "
        "wrong types, a unit changed by a factor of 100. It fails otherwise. Too few rows to build mutants is "
        "inconclusive. A schema file that was merely found is static evidence."
    ),
    how_to_fix=(
        "Infer a first schema from the training data, then tighten it by hand with somebody who knows the field: "
        "range, unit, allowed categories, whether null is allowed, expected share of nulls. Run it in training and in "
        "front of the model in serving. Damage a copy of a batch yourself and see whether it objects; add the rule "
        "that was missing."
    ),
    attestation=(
        "Where the schema stands, which inputs it covers, who reviewed the ranges and when, where it is enforced, and "
        "which damaged data were tried against it with the result."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Data 1: feature expectations are captured in a schema",
        "Breck, Polyzotis, Roy, Whang, Zinkevich 2019, Data Validation for Machine Learning",
        "Schelter et al. 2018, Automating Large-Scale Data Quality Verification",
    ),
)
