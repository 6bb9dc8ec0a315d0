"""Reads how a new model gets its traffic: step by step, by which router, watched by what."""
