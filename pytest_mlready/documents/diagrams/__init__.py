"""Reads diagrams that are kept as text, and tells what they name."""
