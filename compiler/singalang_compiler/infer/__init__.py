"""Shapes, parameters and state of every layer, from those of the data."""
