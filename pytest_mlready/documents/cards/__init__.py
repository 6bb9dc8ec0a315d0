"""Reads a model card and holds it against the model that is to ship."""
