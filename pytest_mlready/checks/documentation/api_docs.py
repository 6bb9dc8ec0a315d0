"""Asks whether the interface is described by a valid, current document whose examples work."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="documentation.api_docs",
    title="API documentation: request/response schemas and examples",
    question="Does a valid, current document describe every operation, with examples that work?",
    why=(
        "Clients are written against the document. Where it is wrong they guess, and a guessed unit or field order "
        "gives valid requests with wrong predictions. Documents that are kept by hand fall behind with the first "
        "hurried release, and nobody notices, since no machine reads them."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: the OpenAPI document, "
        "validated against its specification, and the running service: the live document equals the committed one, "
        "every operation has request and response schemas and at least 1 example, and each example is replayed on the "
        "endpoint and gets an answer that conforms. It passes when all hold and fails when one does not. A service "
        "that cannot be started or reached leaves the replay inconclusive; then the document is static evidence. Other "
        "descriptions, such as protobuf files, count when a test of yours replays their examples."
    ),
    how_to_fix=(
        "Generate the document from the types that validate requests, commit it, and let CI fail when it changes "
        "without review. Add a realistic example to each operation, error answers included. State units, ranges and "
        "what null means. Replay the examples in the test suite, so that they cannot rot."
    ),
    attestation=(
        "Where the document is and its sha256, how it was compared with the live service and when, the examples that "
        "were tried, and known differences."
    ),
    sources=(
        "OpenAPI Specification 3.1 (2021)",
        "JSON Schema, draft 2020-12",
    ),
)
