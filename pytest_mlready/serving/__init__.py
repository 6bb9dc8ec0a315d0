"""Exercises a running service: starts and stops it, asks it, loads it, attacks it; judges what came back."""
