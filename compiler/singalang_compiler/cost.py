"""What a net costs on a machine: time of a step and memory, predicted. Holds no array and imports no array library.

The formula. A layer's work on a batch takes the longer of

    (forward + backward flops) * batch / (cores * flops a second of a core)
    moved elements * bytes an element * batch / bytes a second of memory

with the speed of convolutions for layers with matrices that take images channels last, that of matrix products for others with
matrices, and that of loops over elements for those without; at 64-bit precision a machine does half the flops. The step is the sum
over its layers, plus the traffic of the parameters, each of which is read by both passes, whose gradient is written and read once,
which is read and written by the update, and so is each slot; plus the price of a dispatch shared by the steps that one dispatch
does. Where kernels are known, what they do counts instead (`work`).

Memory: parameters, their gradients, updater slots, the output of every layer with what it keeps besides, and two batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum, prod

from singalang_compiler.graph import FieldInput
from singalang_compiler.library.contract import Layer
from singalang_compiler.library.kinds import Configured
from singalang_compiler.library.tensors import Cost, Shape
from singalang_compiler.machine import Machine
from singalang_compiler.shaped import ShapedNode

_PARAMETER_TRAFFIC = 6  # read twice by the passes; gradient written and read; read and written by the update
_SLOT_TRAFFIC = 2
_BATCHES = 2  # one is worked on while the next is fetched


@dataclass(frozen=True, slots=True)
class StepCost:
    """A training step without its dispatch: seconds, flops, and bytes by what they are for."""

    compute_s: float
    flops: int
    parameter_bytes: int
    gradient_bytes: int
    slot_bytes: int
    residual_bytes: int
    batch_bytes: int

    @property
    def memory_bytes(self) -> int:
        """All of it."""
        return self.parameter_bytes + self.gradient_bytes + self.slot_bytes + self.residual_bytes + self.batch_bytes


@dataclass(frozen=True, slots=True)
class Net:
    """What a step's cost depends on: the layers of the phase `train`, the shapes of all parameters and of those that learn, and how
    many slots each of these has."""

    nodes: Sequence[ShapedNode]
    parameters: Sequence[Shape]
    trained: Sequence[Shape]
    slots: int
    batch: int
    element_bytes: int  # 4 or 8


def step_cost(net: Net, machine: Machine) -> StepCost:
    """The cost of one training step on a machine."""
    sizes = sum(prod(shape) for shape in net.parameters)
    trained = sum(prod(shape) for shape in net.trained)
    layers_s = fsum(work_s(node, machine, net.batch, net.element_bytes) for node in net.nodes)
    traffic = (2 * sizes + (_PARAMETER_TRAFFIC - 2 + _SLOT_TRAFFIC * net.slots) * trained) * net.element_bytes
    return StepCost(
        compute_s=layers_s + traffic / machine.memory_bytes_s,
        flops=flops_of(net.nodes, backward=True) * net.batch + trained * (2 + 2 * net.slots),
        parameter_bytes=sizes * net.element_bytes,
        gradient_bytes=trained * net.element_bytes,
        slot_bytes=trained * net.slots * net.element_bytes,
        residual_bytes=sum(residual_bytes(node, net.element_bytes) for node in net.nodes) * net.batch,
        batch_bytes=_BATCHES * net.batch * sum(_field_bytes(node) for node in net.nodes),
    )


def flops_of(nodes: Iterable[ShapedNode], *, backward: bool) -> int:
    """Flops of one record's forward pass through these layers, and of the backward pass as well if wanted."""
    costs = [cost_of(node) for node in nodes]
    return sum(cost.forward_flops + (cost.backward_flops if backward else 0) for cost in costs)


def cost_of(node: ShapedNode) -> Cost:
    """What a layer's kind says of its work on one record; nothing for fields, metrics and sinks."""
    operation = node.node.operation
    if not isinstance(operation, Configured) or operation.kind.family != "layers" or node.inputs is None or node.spec is None:
        return Cost(0, 0, 0)
    cost: Cost = node.instance.cost(node.inputs)
    return cost


def work_s(node: ShapedNode, machine: Machine, records: float, element_bytes: int, *, backward: bool = True) -> float:
    """Seconds of a layer's work on so many records, both passes or the forward pass alone (which moves half as much)."""
    cost = cost_of(node)
    speed = _flops_s(node, machine)
    flops_s = speed * machine.cores * (4 / element_bytes)
    flops = cost.forward_flops + (cost.backward_flops if backward else 0)
    moved = cost.moved_elements * element_bytes / (1 if backward else 2)
    return records * max(flops / flops_s, moved / machine.memory_bytes_s)


def _flops_s(node: ShapedNode, machine: Machine) -> float:
    """The speed of one core: layers with matrices multiply them, the others pass over elements."""
    parameters = node.instance.parameters(node.inputs).values() if isinstance(node.instance, Layer) and node.inputs else ()
    if all(len(parameter.shape) < 2 for parameter in parameters):
        return machine.loop_flops_s
    return machine.conv_flops_s if is_image_layer(node) else machine.matmul_flops_s


def is_image_layer(node: ShapedNode) -> bool:
    """Whether a layer works on images, channels last, as convolutions and pools do."""
    operation = node.node.operation
    if not isinstance(operation, Configured) or operation.kind.constants.get("layout") != "channels_last" or node.inputs is None:
        return False
    return any(len(tensor.shape) == 3 for tensor in node.inputs.tensors)


def is_elementwise(node: ShapedNode) -> bool:
    """Whether a layer works element by element, so that kernels compute its value again rather than keep it."""
    operation = node.node.operation
    return isinstance(operation, Configured) and operation.kind.constants.get("layout") == "any"


def residual_bytes(node: ShapedNode, element_bytes: int) -> int:
    """Bytes of a layer's output for one record, with what its backward pass keeps besides."""
    if node.spec is None or isinstance(node.node.operation, FieldInput):
        return 0
    return node.spec.size * element_bytes + cost_of(node).residual_bytes_f32 * element_bytes // 4


def _field_bytes(node: ShapedNode) -> int:
    return 4 * node.spec.size if isinstance(node.node.operation, FieldInput) and node.spec else 0
