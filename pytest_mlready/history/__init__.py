"""Reads the history of a project: commits and their review, dependencies and their versions, how long things took."""
