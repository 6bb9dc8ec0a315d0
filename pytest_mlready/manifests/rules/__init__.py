"""Reads alert and recording rules, and lets promtool fire them on series that a real service would send."""
