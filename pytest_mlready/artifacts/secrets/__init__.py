"""Tells credentials in texts by detect-secrets and detectors of our own, and never says one."""
