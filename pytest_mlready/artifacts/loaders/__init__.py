"""Reads one kind of model a module."""
