"""Asks whether a current diagram shows the model and everything it depends on."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="documentation.architecture_diagram",
    title="Architecture diagram updated for the new model",
    question="Does a current diagram show this model and everything that it depends on?",
    why=(
        "In an incident, in a security review and on somebody's first day, the diagram decides whether the right "
        "question is asked. One that still shows the last model and lacks the new feature store sends people to the "
        "wrong place. Pictures without a source are never updated."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: the text source of the "
        "diagram (Mermaid, PlantUML, Structurizr or drawio), compared with the manifests and the lineage record. It "
        "passes when it names the model and every dependency that these name, and it changed since the model was "
        "introduced. It fails when one is missing or the diagram is older than the model. Where neither manifests nor "
        "lineage are known, completeness is inconclusive. An image alone cannot be read, so it needs an attestation "
        "with the image's digest."
    ),
    how_to_fix=(
        "Redraw the picture as text and keep it beside the code. Show sources, features, training, registry, serving, "
        "monitoring and who calls whom, with the names that manifests use. Draw the boundaries of trust and where "
        "personal data flow. Ask for it in the review of each change that adds a dependency."
    ),
    attestation=(
        "The file with its sha256, the model version and date that it shows, who compared it with what is deployed, "
        "and what it leaves out on purpose."
    ),
    about_model=True,
    sources=(
        "ISO/IEC/IEEE 42010:2022, Architecture description",
        "Brown, The C4 model for visualising software architecture",
    ),
)
