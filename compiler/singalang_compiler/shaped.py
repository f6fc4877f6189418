"""Nets whose shapes, parameters and state are known: what `infer` makes and what every later stage reads. Types only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from singalang_compiler.graph import Node
from singalang_compiler.job import Job, Net
from singalang_compiler.library.kinds import Configured
from singalang_compiler.library.tensors import Inputs, Shape, State, TensorSpec
from singalang_grammar.source import Spanned


class ParameterUse(Spanned, frozen=True):
    """One parameter of the job, held by its owner. `name` is `layer.parameter`, `net.` before it where the job has several nets."""

    name: str
    shape: Shape
    init: Configured
    fan_in: int
    fan_out: int
    lr_scale: float = 1.0
    wd_scale: float = 1.0


class ParameterLink(Spanned, frozen=True):
    """What a layer's parameter is: a parameter of the job, transposed or not."""

    name: str
    transposed: bool = False


class ShapedNode(Spanned, frozen=True):
    """A node with its output's spec. `spec` is None where a user's Python kind has not been run, and downstream of one.

    `parameters` links the layer's names to the job's; `state` holds the layer's state by its own names; `instance` is the
    kind's object (None for fields and unrun kinds).
    """

    APART: ClassVar[frozenset[str]] = frozenset({"instance"})
    node: Node
    spec: TensorSpec | None
    inputs: Inputs | None
    parameters: Mapping[str, ParameterLink] = msgspec.field(default_factory=dict)
    state: Mapping[str, State] = msgspec.field(default_factory=dict)
    instance: Any = None


class Deployed(Spanned, frozen=True):
    """What the net is for once it is trained: the node `output`, passed through `predict` of the loss layer `loss` if there is one.

    `loss` names a node of the phase `train`; None where the program has a `when deploy` branch of its own, or no loss.
    """

    output: str
    loss: str | None


class ShapedNet(Spanned, frozen=True):
    """A net, for each phase its nodes, sources first. `deploy` holds what `deployed` needs and nothing else."""

    net: Net
    phases: Mapping[str, tuple[ShapedNode, ...]]
    deployed: Deployed | None = None


class ShapedJob(Spanned, frozen=True):
    """A job whose nets are shaped. `parameters` are those of all nets, by name, in the order of their first use."""

    job: Job
    nets: Mapping[str, ShapedNet]
    parameters: Mapping[str, ParameterUse]
