"""Judges whether data end when they should: rules against ages, and a drill that looks for deleted subjects."""
