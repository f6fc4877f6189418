"""One role of a group: its buffers, its calls with their kernels, its arrays and programs, as the plan has them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from singalang_compiler.lower.arguments import METRICS
from singalang_compiler.lower.exporting import Kernels
from singalang_compiler.lower.group import passes
from singalang_compiler.lower.group.arguments import is_given
from singalang_compiler.lower.group.calls import Pass, Work, call_of
from singalang_compiler.lower.group.holding import Held, held_by
from singalang_compiler.lower.group.returning import gradient_of_buffer
from singalang_compiler.lower.group.stage_net import PieceNet, StageNet
from singalang_compiler.lower.group.tracing import Traced
from singalang_compiler.lower.section import Section
from singalang_compiler.partition.cut_net import CutSection
from singalang_compiler.place.placed import WorkerRole
from singalang_compiler.place.rings import slots_of
from singalang_compiler.plan import Argument
from singalang_compiler.plan_group import ArrayRecord, RoleRecord
from singalang_compiler.work import Price


def role_record(section: Section, cut: CutSection, role: WorkerRole, kernels: Kernels, price: Price) -> RoleRecord:
    """Makes the kernels of a role and adds them to `kernels`."""
    held = held_by(section, cut, role.stage)
    traced = dict(_calls(section, cut, role, held))
    calls = {name: call_of(one, work, kernels, price, section.double) for name, (one, work) in traced.items()}
    return RoleRecord(
        name=role.name,
        stage=role.stage,
        workers=role.workers,
        rows=role.rows,
        parameters=held.parameters,
        trained=held.learning,
        state=held.state,
        arrays=_arrays(cut, role, held, {name: one for name, (one, _) in traced.items()}),
        calls=calls,
        step=role.step,
        evaluate=dict(role.evaluate),
    )


def _calls(section: Section, cut: CutSection, role: WorkerRole, held: Held) -> Iterator[tuple[str, tuple[Traced, Work]]]:
    """The calls of a role, traced."""
    for phase, net in cut.nets.items():
        own_rows = net.rows[role.workers[0] % net.workers]
        stage = StageNet(section, net, held, own_rows)
        for piece in net.of_stage(role.stage):
            one = PieceNet(stage, piece)
            for does, traced in _passes(one):
                name = f"evaluate/{phase}/{piece.level}" if does == "evaluate" else f"{does}/{piece.level}"
                yield name, (traced, Work(net, one.nodes, own_rows, does))


def _passes(net: PieceNet) -> Iterator[tuple[Pass, Traced]]:
    """The kernels of a piece."""
    if not net.training:
        yield "evaluate", passes.evaluation(net)
    elif net.piece.backward == "none":
        yield "forward", passes.forward(net)
    elif net.piece.backward == "fused":
        yield "step", passes.step(net)
    else:
        forward, backward = passes.forward_and_backward(net)
        yield "forward", forward
        yield "backward", backward


def _arrays(cut: CutSection, role: WorkerRole, held: Held, calls: Mapping[str, Traced]) -> tuple[ArrayRecord, ...]:
    """Every array that a role's calls read or give; where phases share a name, as it is in the phase `train`, which comes first."""
    apart = {buffer.name for buffer in (*held.parameters, *held.state)}
    found = {
        gradient_of_buffer(one.name): Argument(name="", dtype=held.dtype, shape=(one.size,))
        for one in held.parameters
        if one.name in held.learning
    }
    for traced in calls.values():
        for argument in (*traced.inputs, *traced.given):
            if argument.name not in apart and not is_given(argument.name):
                found.setdefault(argument.name, argument)
    slots = _slots(cut, role, found, calls)
    return tuple(ArrayRecord(name=name, dtype=one.dtype, shape=one.shape, slots=slots.get(name, 1)) for name, one in found.items())


def _slots(cut: CutSection, role: WorkerRole, arrays: Collection[str], calls: Mapping[str, Traced]) -> dict[str, int]:
    """How many micro-batches of each array a role holds at once; there is but one of the sums."""
    once = (METRICS, *(name for name in arrays if name.startswith("gradients/")))
    touched = {
        call: [one.name for one in (*traced.inputs, *traced.given) if one.name in arrays and one.name not in once]
        for call, traced in calls.items()
    }
    return slots_of(cut.nets["train"], role.stage, role.step, touched)
