"""What choosing partitions needs to know of a net and a group, and the answer. Types only: no layer kind, no machine, no array.

A step's cost is a sum (`costing` says of what): of each layer's own work by its cut; of what moves because a value is read
otherwise than it lies, once for each distribution and stage; and of parameters that several layers share, whose storage depends
on all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Literal

import msgspec

from singalang_compiler.geometry import WHOLE, Distribution
from singalang_compiler.partition.cut_net import Cut, Rejected


class Group(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The workers and servers that do a train section, and how fast they reach each other.

    `rows`: of each worker of a stage in one micro-batch. `pushes`: how often in a step gradients are pushed. `dispatch_s` is the
    price of a kernel more, which a connection within a stage costs. `memory_bytes`: what a process may need at most, None where
    nothing was said.
    """

    rows: tuple[int, ...]
    stages: int = 1
    micro_batches: int = 1
    pushes: int = 1
    servers: int = 1
    apart: bool = False
    element_bytes: int = 4
    link_bytes_s: float
    link_latency_s: float
    dispatch_s: float
    memory_bytes: int | None = None

    @property
    def workers(self) -> int:
        """Workers of one stage."""
        return len(self.rows)

    @cached_property
    def all_rows(self) -> int:
        """Rows of one micro-batch."""
        return sum(self.rows)

    @cached_property
    def most_rows(self) -> int:
        """Rows of the worker with most."""
        return max(self.rows)

    @cached_property
    def fewest_rows(self) -> int:
        """Rows of the worker with fewest."""
        return min(self.rows)

    @property
    def everyone(self) -> int:
        """Workers of the group."""
        return self.workers * self.stages

    @property
    def of_step(self) -> float:
        """How much longer a step becomes if all stages' work together becomes a second longer: stages work at the same time, but
        for the time in which the pipeline fills and empties."""
        return (self.micro_batches + self.stages - 1) / (self.micro_batches * self.stages)


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """A way to cut a layer. `inputs`: how it reads those of its inputs that are layers, in order; `output`: how its value lies.

    `step_s`: seconds of a step for what depends on this cut alone: work, exchange of statistics, its own parameters. `memory_bytes`
    likewise of one worker's memory. `uses`: along which axis it cuts each shared parameter that the layer has (None: it reads all
    of it).
    """

    cut: Cut
    inputs: tuple[Distribution, ...] = ()
    output: Distribution = WHOLE
    step_s: float = 0.0
    memory_bytes: float = 0.0
    uses: Mapping[str, int | None] = {}


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """A layer or metric with the ways to cut it. `inputs` are those of its inputs that are layers: fields are fed, not moved.

    `allowed`: the places of the options that the topology allows, () for all of them. `elements`: size of one record of its value.
    `learns`: a gradient flows through its value. `impossible` are the ways that it cannot be cut, for the record.
    """

    name: str
    stage: int = 0
    inputs: tuple[str, ...] = ()
    options: tuple[Option, ...]
    allowed: tuple[int, ...] = ()
    elements: int = 0
    learns: bool = True
    impossible: tuple[Rejected, ...] = ()

    @property
    def choices(self) -> tuple[int, ...]:
        """The places of the options that may be chosen."""
        return self.allowed or tuple(range(len(self.options)))


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter that several layers use: it is cut only if all cut it along the same axis, in one stage. What it then costs
    in a step and holds on a worker, and what it costs and holds if every worker of its stages has all of it."""

    name: str
    stages: tuple[int, ...]
    cut_s: float
    whole_s: float
    cut_bytes: float = 0.0
    whole_bytes: float = 0.0


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A net in the phase `train`, to be cut among the workers of a group. Layers stand after their inputs.

    `standing_bytes`: what a worker's process needs however layers are cut.
    """

    group: Group
    layers: tuple[Decided, ...]
    shared: tuple[Shared, ...] = ()
    standing_bytes: float = 0.0


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The cut of a layer. `rejected`: its other options with what a step would cost with each, the other layers as they are."""

    layer: str
    cut: Cut
    rejected: tuple[Rejected, ...] = ()


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: for every layer its cut.

    `reason`: `cheapest`: it is proven that nothing is cheaper in this model; `cheapest-found`: not proven; `cheapest-that-fits`:
    the cheapest found that needs no more memory than the group has, cheaper ones need more. `memory_bytes`: of the process of a
    worker that needs most; it is more than the group has where nothing was found that fits.
    """

    layers: tuple[Chosen, ...]
    step_s: float
    reason: Literal["cheapest", "cheapest-found", "cheapest-that-fits"]
    memory_bytes: float = 0.0

    @property
    def proven(self) -> bool:
        """Whether it is certain that nothing is cheaper."""
        return self.reason == "cheapest"

    @property
    def cuts(self) -> dict[str, Cut]:
        """The cut of each layer."""
        return {chosen.layer: chosen.cut for chosen in self.layers}
