"""Reads what pipelines recorded about their runs, and walks from a model back to where its data come from."""
