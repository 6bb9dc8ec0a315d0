"""Reads the schema of a model's inputs, whatever its form, applies it to batches, and tries it on damaged copies."""
