"""Judges what training makes: whether it makes it again, whether it learns, and what form its answers have."""
