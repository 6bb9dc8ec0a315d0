"""Exercises what a new model meets before it gets all of the traffic: the split, and the serving stack around it."""
