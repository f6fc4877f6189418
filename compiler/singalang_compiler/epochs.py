"""Epochs to steps: the one formula, for compiling where the number of records is written, and for the run, which counts them."""

from __future__ import annotations

from fractions import Fraction
from math import ceil


def steps_of_epochs(epochs: float, records: int, batch: int) -> int:
    """Steps until `epochs` times all records have been seen, rounded up; `epochs` is taken as it is written in decimal."""
    return ceil(Fraction(repr(float(epochs))) * records / batch)
