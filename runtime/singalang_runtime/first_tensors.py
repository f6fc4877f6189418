"""The tensors with which a train section begins, each made when it is asked for: no process needs memory for those of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from singalang_compiler.keys import parameter_key
from singalang_compiler.plan import Plan, SectionRecord
from singalang_runtime.binding import Load
from singalang_runtime.layout import Array, Layout


class FirstTensors(Mapping[str, Array]):
    """Parameters and state of a section by key: those that are `known`, the others from their initialisers; updater slots are not
    among them. Whoever asks twice has it made twice, bit for bit alike."""

    def __init__(self, plan: Plan, section: SectionRecord, layout: Layout, known: Mapping[str, Array], load: Load) -> None:
        self._section, self._known, self._load, self._dtype = section, known, load, layout.dtype
        self._keys = tuple(key for key in layout.shapes if not key.startswith("slots/"))
        self._states = {f"state/{state.name}": state for state in section.states}
        self._records = {f"parameters/{one.name}": one for one in plan.parameters}

    def __getitem__(self, key: str) -> Array:
        """A tensor."""
        if key not in self._keys:
            raise KeyError(key)
        if key in self._known:
            return self._known[key]
        if key in self._states:
            return np.full(self._states[key].shape, self._states[key].initial, self._dtype)
        record = self._records[key]
        (values,) = self._load(record.init_kernel)(np.array(parameter_key(self._section.seed, record.name), np.uint32))
        return np.asarray(values).reshape(record.shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)
