"""Holds what is known of legal regimes: duties, classes and dates, a data file each, with its source and as-of date."""
