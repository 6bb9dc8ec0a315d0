"""Compares two windows of data, decides whether a change is real and relevant, and tests the detector that decides."""
