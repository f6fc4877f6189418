"""What every worker of a stage holds all the time: buffers of parameters and of layer state. Knows no kernel.

Small tensors share buffers. Those that learn share one where the same pieces' backward passes give their gradients, so that each
backward pass writes whole buffers of gradients.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

from singalang_compiler.library.tensors import Shape
from singalang_compiler.lower.buffers import LARGE, lay_out
from singalang_compiler.lower.group.cutting import cut_shape
from singalang_compiler.lower.section import Section
from singalang_compiler.partition.cut_net import CutNode, CutSection
from singalang_compiler.plan_group import BufferRecord, StoredRecord

_FROZEN, _IDLE = "frozen", "idle"
"""What stands for levels in the names of buffers that do not learn, and of those that no backward pass reaches."""


@dataclass(frozen=True)
class Held:
    """The buffers of each worker of one stage.

    `shapes` are those of the tensors as they are held: pieces of cut ones. `axes` says along which axis of its own shape a
    parameter is cut. `trained` are the parameters that learn, `learning` the buffers that hold them.
    """

    stage: int
    dtype: str
    parameters: tuple[BufferRecord, ...]
    learning: tuple[str, ...]
    trained: frozenset[str]
    state: tuple[BufferRecord, ...]
    shapes: Mapping[str, Shape]
    axes: Mapping[str, int | None]
    state_shapes: Mapping[str, Shape]

    @cached_property
    def _places(self) -> dict[str, int]:
        """By parameter the place of its buffer."""
        return {segment.name: place for place, one in enumerate(self.parameters) for segment in one.segments}

    def buffers_of(self, parameters: Iterable[str]) -> tuple[str, ...]:
        """The buffers that hold any of these parameters."""
        return tuple(self.parameters[place].name for place in sorted({self._places[name] for name in parameters}))


def held_by(section: Section, cut: CutSection, stage: int) -> Held:
    """What the workers of a stage hold for the nets of all phases with data."""
    workers = cut.nets["train"].workers
    axes = {stored.name: stored.axis for stored in cut.stored if stage in stored.stages}
    shapes = {name: cut_shape(section.uses[name].shape, axis, workers) for name, axis in axes.items()}
    backward = _backward_levels(cut, stage)
    parameters = _parameter_buffers(section, shapes, backward)
    trained = frozenset(name for name in section.trained if name in shapes)
    states = state_shapes(section, cut, stage)
    return Held(
        stage=stage,
        dtype=section.dtype,
        parameters=parameters,
        learning=tuple(one.name for one in parameters if one.segments[0].name in trained),
        trained=trained,
        state=_state_buffers(cut, stage, section.prefix, states),
        shapes=shapes,
        axes=axes,
        state_shapes=states,
    )


def stored_states(section: Section, cut: CutSection) -> tuple[StoredRecord, ...]:
    """How the layers' state is kept."""
    found: dict[str, StoredRecord] = {}
    for node in _layers(cut):
        for own, state in node.shaped.state.items():
            axis = state_axis(node, own)
            found[f"{section.prefix}{node.name}.{own}"] = StoredRecord(
                name=f"{section.prefix}{node.name}.{own}",
                shape=state.shape,
                axis=axis,
                stages=(node.stage,),
                reason="not-cut" if axis is None else "uses-agree",
            )
    return tuple(found.values())


def state_axis(node: CutNode, own: str) -> int | None:
    """The axis along which a layer's state is cut."""
    return node.cut.partition.state.get(own) if node.cut.partition else None


def state_shapes(section: Section, cut: CutSection, stage: int) -> dict[str, Shape]:
    """The shapes of the state that the layers of a stage carry, as it is held."""
    workers = cut.nets["train"].workers
    return {
        f"{section.prefix}{node.name}.{own}": cut_shape(state.shape, state_axis(node, own), workers)
        for node in _layers(cut)
        if node.stage == stage
        for own, state in node.shaped.state.items()
    }


def _parameter_buffers(
    section: Section, shapes: Mapping[str, Shape], backward: Mapping[str, tuple[int, ...]]
) -> tuple[BufferRecord, ...]:
    """Large ones by themselves, then the small ones by who gives their gradients."""
    large = {name: shape for name, shape in shapes.items() if prod(shape) >= LARGE}
    shared: dict[str, dict[str, Shape]] = {}
    for name, shape in shapes.items():
        if name not in large:
            levels = "+".join(map(str, backward.get(name, ()))) or _IDLE
            shared.setdefault(levels if name in section.trained else _FROZEN, {})[name] = shape
    small = (buffer for who in sorted(shared) for buffer in lay_out(f"parameters/{who}", shared[who]))
    return (*lay_out("parameters", large), *small)


def _state_buffers(cut: CutSection, stage: int, prefix: str, shapes: Mapping[str, Shape]) -> tuple[BufferRecord, ...]:
    """By the level of the layers in the first phase in which they stand."""
    levels: dict[int, dict[str, Shape]] = {}
    for node in _layers(cut):
        for own in node.shaped.state if node.stage == stage else ():
            name = f"{prefix}{node.name}.{own}"
            levels.setdefault(node.level, {})[name] = shapes[name]
    return tuple(buffer for level in sorted(levels) for buffer in lay_out(f"state/{level}", levels[level]))


def _backward_levels(cut: CutSection, stage: int) -> dict[str, tuple[int, ...]]:
    """By parameter the levels of the pieces whose backward passes give its gradient."""
    found: dict[str, set[int]] = {}
    for node in cut.nets["train"].nodes:
        if node.stage == stage and node.learns:
            for link in node.shaped.parameters.values():
                found.setdefault(link.name, set()).add(node.level)
    return {name: tuple(sorted(levels)) for name, levels in found.items()}


def _layers(cut: CutSection) -> Iterator[CutNode]:
    """The layers of all phases, each once, those of the phase `train` first."""
    seen: set[str] = set()
    for net in cut.nets.values():
        for node in net.nodes:
            if node.part == "layer" and node.name not in seen:
                seen.add(node.name)
                yield node
