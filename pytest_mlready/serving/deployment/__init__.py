"""Tells from a staging run's record, and from what is served, whether the pipeline ends where it should."""
