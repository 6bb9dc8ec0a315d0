"""Sends load at a rate of its own, reads what others sent, and judges it."""
