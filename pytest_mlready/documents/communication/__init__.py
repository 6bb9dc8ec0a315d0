"""Reads who is told what when a model is rolled back."""
