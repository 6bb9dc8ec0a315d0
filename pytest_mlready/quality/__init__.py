"""Measures how good a model is, and how sure one can be: plain functions over arrays and frames."""
