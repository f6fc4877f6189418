"""Fields as they are stored to fields as the net reads them: (x - mean) / std in the job's precision, inside the kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jax.numpy as jnp

from singalang_compiler.library.context import Array
from singalang_compiler.lower.section import Section
from singalang_compiler.plan import FieldRecord


def normalised(section: Section, phase: str, stored: Sequence[Array], files: Mapping[str, Array]) -> dict[str, Array]:
    """The fields of a batch by name. `files` holds means and deviations from files, by the names of their arguments."""
    fields = section.fields(phase)
    return {name: normal(section, name, field, array, files) for (name, field), array in zip(fields, stored, strict=True)}


def normal(section: Section, name: str, field: FieldRecord, stored: Array, files: Mapping[str, Array]) -> Array:
    """One field of a batch, or of some of its records."""
    if field.dtype == "i32":
        return stored.astype(jnp.int32)
    value = stored.astype(section.dtype)
    mean = files.get(f"mean/{name}", field.mean)
    std = files.get(f"std/{name}", field.std)
    if f"mean/{name}" in files or mean != 0:
        value = value - mean
    if f"std/{name}" in files or std != 1:
        value = value / std
    return value
