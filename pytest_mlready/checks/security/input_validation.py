"""Asks whether the endpoint rejects malformed and hostile requests cleanly."""

from __future__ import annotations

from pytest_mlready.catalog import Item

ITEM = Item(
    id="security.input_validation",
    title="Inputs validated and sanitised",
    question="Does the endpoint reject malformed and hostile requests cleanly, instead of crashing or obeying them?",
    why=(
        "A model answers almost anything, so a wrong unit or a string in place of a number becomes a confident "
        "prediction. Oversized and deeply nested bodies take a worker down. Text that ends in a log, a template, a "
        "query or a prompt is executed by whatever reads it next."
    ),
    looks_at=(
        "No built-in check yet; mark a test of yours or attest. What counts as evidence: requests against a running "
        "service, generated from its OpenAPI document (schemathesis) and from a corpus: negative data, oversize, deep "
        "nesting, NaN and Infinity literals, wrong types and shapes, and injections for SQL, shell, templates, paths, "
        "logs and prompts that carry canaries. It passes with 0 schema-invalid requests accepted, 0 answers of the 5xx "
        "kind, and 0 canaries that come back or take effect. One of these fails it. A service that refuses the known "
        "good request, or has no schema to violate, is inconclusive. Tests of the validation code alone are weaker."
    ),
    how_to_fix=(
        "Describe each request with a closed schema: types, ranges, lengths, allowed categories, no extra fields. "
        "Validate before features are computed and answer 4xx with a short reason. Limit body size, nesting and time "
        "at the server. Treat text as data wherever it goes: parameterised queries, escaped templates, structured "
        "logs, and separate prompts from user content. Return validation errors without echoing the input."
    ),
    attestation=(
        "Which kinds of bad request were tried against which version, the tool and number of requests, what was "
        "accepted or crashed, and what was repaired."
    ),
    lifetime_days=90,
    sources=(
        "OWASP Input Validation Cheat Sheet",
        "OWASP API Security Top 10 2023, API4: unrestricted resource consumption",
        "OWASP Top 10 for LLM Applications 2025, LLM01: prompt injection",
        "CWE-20, Improper Input Validation",
    ),
)
