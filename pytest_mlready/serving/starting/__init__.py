"""Watches a service while it starts."""
