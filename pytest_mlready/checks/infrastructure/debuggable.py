"""Asks whether one prediction can be followed step by step."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="infrastructure.debuggable",
    title="Single examples can be debugged step by step",
    question="Can somebody follow one example step by step from raw input to prediction?",
    why=(
        "A complaint is always about one case. If nobody can show which value each feature had and what each stage "
        "made of it, the answer to a customer or a regulator is a shrug, and a bug in preprocessing stays hidden "
        "behind a plausible score. Such a tool built in the middle of an incident comes too late."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: a function of yours, "
        "explain(example), that returns the intermediate values: raw input, features after each transformation, scores "
        "or contributions, threshold, decision. It passes when these values recompose to the model's own prediction "
        "within 1e-6 on sampled held-out examples. It fails when they do not, since an explanation that disagrees with "
        "the model misleads. A function that raises on some examples fails too; too few examples are inconclusive. "
        "Attributions from an additive method such as SHAP recompose by design, on the scale of the model's raw "
        "output."
    ),
    how_to_fix=(
        "Write the function beside the model code and let it call the same stages as serving. Return names with the "
        "values, not bare arrays. Offer it as a command and, behind authorisation, as an endpoint. Try it on three "
        "recent complaints. For networks, return the named layers' outputs and check that the last ones give the "
        "score."
    ),
    attestation=(
        "How one example is traced, by whom and with which tool, an example trace with its recomposed prediction, and "
        "which stages cannot be seen."
    ),
    about_model=True,
    sources=(
        "Breck et al. 2017, ML Test Score, Infra 5: the model is debuggable",
        "Lundberg, Lee 2017, A Unified Approach to Interpreting Model Predictions",
    ),
)
