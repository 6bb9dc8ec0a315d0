"""Walks artifacts and images forward, without executing or storing anything, and gives the texts that they hold."""
