"""Sizes for people. Knows nothing else."""

from __future__ import annotations


def size_text(size_bytes: float) -> str:
    """A size for people: `1.3 GiB`."""
    for unit in ("B", "KiB", "MiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.4g} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.4g} GiB"
