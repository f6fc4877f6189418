"""A host of a few lines: keeps the arrays of one section and calls its kernels as the calling convention says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import jax
import numpy as np

from singalang_compiler.keys import parameter_key, training_key
from singalang_compiler.lower.lower import Compiled
from singalang_compiler.plan import KernelRecord, SectionRecord
from singalang_compiler.plan_group import BufferRecord
from singalang_runtime.kernels import Kernel, load

Numbers: TypeAlias = np.ndarray[Any, Any]


class Host:
    """The arrays of a section between calls; `batches` are dicts from field name to array."""

    def __init__(self, compiled: Compiled, folder: Path, section: int = 0) -> None:
        self.plan = compiled.plan
        self.section: SectionRecord = compiled.plan.sections[section]
        self._folder = folder
        self._kernels: dict[str, Kernel] = {}
        for key, content in compiled.kernels.items():
            (folder / f"{key}.stablehlo").write_bytes(content)
        self.double = self.section.precision == "f64"
        self.dtype = "float64" if self.double else "float32"
        self.parameters = self._first_values()
        self.slots = [np.zeros(buffer.size, self.dtype) for buffer in self.section.slots]
        self.state = [self._initial(buffer) for buffer in self.section.state]
        self.metrics: Any = np.zeros((len(self.section.metrics), 2), self.dtype)
        self.key = np.array(training_key(self.section.seed, self.section.name), "uint32")

    def kernel(self, role: str) -> Kernel:
        """The kernel of a role."""
        return self._loaded(self.section.kernels[role])

    def _loaded(self, key: str) -> Kernel:
        if key not in self._kernels:
            self._kernels[key] = load(self._folder / f"{key}.stablehlo", self.plan.kernels[key])
        return self._kernels[key]

    def step(self, first: int, batch: Mapping[str, Numbers], role: str = "step", **files: Numbers) -> None:
        """One call of `step` or `steps`."""
        fixed = {"step": np.int32(first), "key": self.key}
        results = self._call(self.kernel(role), fixed, batch, files)
        counts = len(self.parameters), len(self.slots), len(self.state)
        self.parameters = list(results[: counts[0]])
        self.slots = list(results[counts[0] : counts[0] + counts[1]])
        self.state = list(results[counts[0] + counts[1] : -1])
        self.metrics = results[-1]

    def evaluate(self, phase: str, batch: Mapping[str, Numbers], weights: Numbers, **files: Numbers) -> Numbers:
        """The rows of metrics of one batch."""
        self.metrics = np.zeros_like(self.metrics)
        fixed = {"key": self.key, "weights": weights.astype(self.dtype)}
        return np.asarray(self._call(self.kernel(f"evaluate/{phase}"), fixed, batch, files)[0])

    def predict(self, batch: Mapping[str, Numbers], **files: Numbers) -> Numbers:
        """What `predict` says of a batch."""
        assert self.section.predict is not None
        return np.asarray(self._call(self._loaded(self.section.predict.kernel), {}, batch, files)[0])

    def tensors(self, kind: str = "parameters", slot: str | None = None) -> dict[str, Numbers]:
        """Tensors by name: parameters in their shapes, slots and state flat."""
        buffers: Sequence[BufferRecord] = getattr(self.section, kind)
        arrays = getattr(self, kind)
        found = {}
        shapes = {parameter.name: parameter.shape for parameter in self.plan.parameters}
        for buffer, array in zip(buffers, arrays, strict=True):
            if slot is None or buffer.name.startswith(f"slots/{slot}/"):
                for segment in buffer.segments:
                    part = np.array(array)[segment.offset : segment.offset + segment.size]
                    found[segment.name] = part.reshape(shapes.get(segment.name, (segment.size,)))
        return found

    def means(self) -> dict[str, float]:
        """Metrics as people read them, since the last reset."""
        rows = np.asarray(self.metrics, "float64")
        return {name: float(row[0] / row[1]) for name, row in zip(self.section.metrics, rows, strict=True) if row[1]}

    def _call(self, kernel: Kernel, fixed: Mapping[str, Any], batch: Mapping[str, Numbers], files: Mapping[str, Numbers]) -> Any:
        record: KernelRecord = kernel.record
        buffers = {
            **dict(zip((buffer.name for buffer in self.section.parameters), self.parameters, strict=True)),
            **dict(zip((buffer.name for buffer in self.section.slots), self.slots, strict=True)),
            **dict(zip((buffer.name for buffer in self.section.state), self.state, strict=True)),
        }
        known = buffers | dict(fixed) | {"metrics": self.metrics} | {f"field/{name}": value for name, value in batch.items()}
        known |= {name.replace("__", "/").replace("_of_", "."): value for name, value in files.items()}
        with jax.enable_x64(self.double):
            return kernel(*(known[argument.name] for argument in record.inputs))

    def _first_values(self) -> list[Any]:
        made: dict[str, Numbers] = {}
        for parameter in self.plan.parameters:
            kernel = self._loaded(parameter.init_kernel)
            with jax.enable_x64(self.double):
                made[parameter.name] = np.asarray(kernel(np.array(parameter_key(self.section.seed, parameter.name), "uint32"))[0])
        return [np.concatenate([made[segment.name] for segment in buffer.segments]) for buffer in self.section.parameters]

    def _initial(self, buffer: BufferRecord) -> Numbers:
        initial = {state.name: state.initial for state in self.section.states}
        return np.concatenate([np.full(segment.size, initial[segment.name], self.dtype) for segment in buffer.segments])
