"""Reads documents that people keep about a system, and holds them against what is there."""
