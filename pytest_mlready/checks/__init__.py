"""Holds one folder a category; every module in one defines an item and the tests that verify it."""
