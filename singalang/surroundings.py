"""What commands take from the environment, read here and nowhere else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

CACHE = click.option("--no-cache", is_flag=True, help="Do not keep compiled kernels for the next run.")


def cache_folder(no_cache: bool) -> Path | None:
    """Where compiled kernels are kept between runs: under XDG_CACHE_HOME, else the platform's own folder for caches."""
    if no_cache:
        return None
    given = os.environ.get("XDG_CACHE_HOME")
    if given:
        return Path(given) / "singalang"
    try:
        home = Path.home()
    except RuntimeError:  # nobody's home is known: a container without a user
        return None
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "singalang"
    return home / ".cache" / "singalang"
