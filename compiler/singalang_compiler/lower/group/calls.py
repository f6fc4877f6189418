"""Traced kernels to exported ones and the records of calls to them, with what they cost."""

from __future__ import annotations

from math import fsum
from typing import Literal, NamedTuple, TypeAlias

from msgspec import structs

from singalang_compiler.cost import cost_of
from singalang_compiler.library.context import Array
from singalang_compiler.lower.exporting import Groups, Kernels, Signature
from singalang_compiler.lower.group.stage_net import by_batch
from singalang_compiler.lower.group.temporaries import temporary_bytes
from singalang_compiler.lower.group.tracing import Traced
from singalang_compiler.lower.outline.working import work_of
from singalang_compiler.partition.cut_net import CutNet, CutNode
from singalang_compiler.plan_group import CallRecord
from singalang_compiler.work import Price

Pass: TypeAlias = Literal["forward", "backward", "step", "evaluate"]
"""What a kernel does of a piece; all but the last two one of its passes."""


class Work(NamedTuple):
    """What a call computes: so much of these nodes as the worker has, in these passes."""

    net: CutNet
    nodes: tuple[CutNode, ...]
    own_rows: int
    does: Pass

    def flops(self) -> int:
        """Additions and multiplications."""
        return round(fsum(self._flops(node) * self._records(node) for node in self.nodes))

    def _records(self, node: CutNode) -> float:
        """The worker's part of the work, as a number of whole records."""
        if node.part == "statistic":
            return 0.0
        if by_batch(node):
            return self.own_rows
        return sum(self.net.rows) / (self.net.workers if node.cut.partition else 1)

    def _flops(self, node: CutNode) -> int:
        cost = cost_of(node.shaped)
        forward = cost.forward_flops if self.does != "backward" else 0
        return forward + (cost.backward_flops if self.does in ("backward", "step") and node.learns else 0)


def call_of(traced: Traced, work: Work, kernels: Kernels, price: Price, double: bool) -> CallRecord:
    """Adds a kernel and gives the record of calls to it."""
    alike = (work.does, traced.fingerprint())
    if alike not in kernels.alike:
        kernels.alike[alike] = _exported(traced, work, kernels, double)
    return CallRecord(
        kernel=kernels.alike[alike],
        inputs=tuple(argument.name for argument in traced.inputs),
        outputs=traced.outputs,
        flops=work.flops(),
        temporary_bytes=temporary_bytes(traced.jaxpr, [argument.donated for argument in traced.inputs]),
        compute_s=price.seconds(work_of(traced.jaxpr), double),
    )


def _exported(traced: Traced, work: Work, kernels: Kernels, double: bool) -> str:
    """The kernel's key. Its arguments have numbers for names, so that layers that compute the same share it."""
    variables, results = traced.jaxpr.jaxpr.invars, traced.jaxpr.jaxpr.outvars

    def function(groups: Groups) -> list[Array]:
        return traced.evaluate(results, dict(zip(variables, groups["all"], strict=True)))

    inputs = tuple(structs.replace(argument, name=str(place)) for place, argument in enumerate(traced.inputs))
    outputs = tuple(map(str, range(len(traced.outputs))))
    return kernels.add(work.does, Signature({"all": inputs}), function, outputs, work.flops(), double)
