"""Judges the inputs of a model: how they may look, what they bring, what they cost, and whether they may be used."""
