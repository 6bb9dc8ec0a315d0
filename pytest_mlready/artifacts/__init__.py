"""Loads models and reads their files, without running anything that was not looked at first."""
