"""Fields as they are stored to fields as the net reads them: (x - mean) / std in the job's precision, inside the kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jax.numpy as jnp

from singalang_compiler.library.context import Array
from singalang_compiler.lower.section import Section


def normalised(section: Section, phase: str, stored: Sequence[Array], files: Mapping[str, Array]) -> dict[str, Array]:
    """The fields of a batch by name. `files` holds means and deviations from files, by the names of their arguments."""
    batch: dict[str, Array] = {}
    for (name, field), array in zip(section.fields(phase), stored, strict=True):
        if field.dtype == "i32":
            batch[name] = array.astype(jnp.int32)
            continue
        value = array.astype(section.dtype)
        mean = files.get(f"mean/{name}", field.mean)
        std = files.get(f"std/{name}", field.std)
        if f"mean/{name}" in files or mean != 0:
            value = value - mean
        if f"std/{name}" in files or std != 1:
            value = value / std
        batch[name] = value
    return batch
