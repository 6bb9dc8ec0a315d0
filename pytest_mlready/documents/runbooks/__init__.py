"""Reads a runbook and holds it against alerts, failure modes and what its commands name."""
