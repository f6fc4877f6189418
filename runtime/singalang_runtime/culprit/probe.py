"""The kernel `probe` of a train section, called: how large everything in a step is. Knows no run."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from singalang_compiler.keys import training_key
from singalang_compiler.plan import Plan, SectionRecord
from singalang_runtime.binding import Load, bind
from singalang_runtime.culprit.records import PROBE, Layer, Norms, Size
from singalang_runtime.evaluator import without_slots
from singalang_runtime.feed.feed import Feed
from singalang_runtime.kernels import put
from singalang_runtime.layout import Array, Layout


class Probe:
    """The probe of a train section: of one worker or of a group, whose net it sees whole."""

    def __init__(self, plan: Plan, section: SectionRecord, feed: Feed, load: Load) -> None:
        self._bound = bind(plan, section.kernels[PROBE], ("step", "key"), feed, load)
        self.section, self._feed, self._layout = section, feed, Layout.of(plan, section)
        self._key = put(np.array(training_key(section.seed, section.name), np.uint32))
        self._gradients = Layout.of_parameters(plan, section)
        inputs = {one.name.removeprefix("field/"): one for one in self._bound.kernel.record.inputs if one.name.startswith("field/")}
        self._fields = {name: prod(one.shape) for name, one in inputs.items()}
        self._layers = tuple(layer for layer in section.layers if "train" in layer.phases)

    def measure(self, tensors: Mapping[str, Array], step: int) -> Norms:
        """The sizes in the step that follows `step` steps, from the tensors of that moment, by key. May raise BrokenData."""
        arrays = [put(array) for array in without_slots(self.section, self._layout.join(tensors))]
        batch = self._bound.pick(self._feed.take(step))
        rate, fields, layers, *gradients = self._bound.kernel(*arrays, np.int32(step), self._key, *batch, *self._bound.fixed)
        found = self._gradients.split([np.asarray(buffer) for buffer in gradients])
        names = self.section.parameter_names
        return Norms(
            section=self.section.name,
            step=step,
            rate=float(rate) if np.isfinite(rate) else None,
            fields={name: _row(row, count) for (name, count), row in zip(self._fields.items(), np.asarray(fields), strict=True)},
            layers=tuple(
                Layer(
                    name=one.name,
                    kind=one.kind,
                    inputs=one.inputs,
                    parameters=one.parameters,
                    output=_row(row, self.section.batch * prod(one.shape)),
                )
                for one, row in zip(self._layers, np.asarray(layers), strict=True)
            ),
            parameters={name: size_of(tensors[f"parameters/{name}"]) for name in names},
            gradients={name: size_of(found[f"parameters/{name}"]) for name in names},
        )


def size_of(array: Array) -> Size:
    """How large the numbers of an array are."""
    finite = np.isfinite(array)
    good = np.where(finite, array, 0).astype(np.float64)
    least, greatest = float(good.min(initial=0.0)), float(good.max(initial=0.0))
    most = max(-least, greatest)
    rms = most * float(np.sqrt(np.mean((good / most) ** 2))) if most else 0.0
    return Size(count=array.size, bad=int(array.size - finite.sum()), least=least, greatest=greatest, rms=rms)


def _row(row: Array, count: int) -> Size:
    bad, least, greatest, rms = map(float, row)
    return Size(count=count, bad=int(bad), least=least, greatest=greatest, rms=rms)
