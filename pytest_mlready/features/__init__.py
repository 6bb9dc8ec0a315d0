"""Judges the inputs of a model: what they may look like, what they bring, what they cost, and whether they may be used."""
