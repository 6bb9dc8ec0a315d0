"""Sends requests that no good client sends, and judges what came back."""
