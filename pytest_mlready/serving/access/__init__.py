"""Tries every way into a service with every kind of credential, and judges what answered."""
