"""Reads, verifies and appends to the record of what was deployed, by whom it was approved and on what evidence."""
