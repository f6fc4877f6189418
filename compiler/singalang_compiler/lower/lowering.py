"""One train section to its kernels and its record in the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from singalang_compiler.cost import Net, StepCost, cost_of, flops_of, step_cost
from singalang_compiler.graph import FieldInput
from singalang_compiler.lower import measuring, probe, training
from singalang_compiler.lower.arguments import METRICS
from singalang_compiler.lower.deciding import section_decisions
from singalang_compiler.lower.dispatch import IN_A_GROUP, Chosen, choose
from singalang_compiler.lower.exporting import Kernels
from singalang_compiler.lower.group.deciding import group_decisions
from singalang_compiler.lower.group.lowering import group_record
from singalang_compiler.lower.group.temporaries import operations_of
from singalang_compiler.lower.nodes import configured
from singalang_compiler.lower.outline.working import work_of
from singalang_compiler.lower.records import kind_record, steps_record
from singalang_compiler.lower.section import Section
from singalang_compiler.machine import Machine
from singalang_compiler.partition.learning import every_node
from singalang_compiler.place.placed import PlacedSection
from singalang_compiler.plan import Decision, LayerRecord, PredictRecord, SectionRecord, StateRecord
from singalang_compiler.plan_group import GroupRecord
from singalang_compiler.shaped import ShapedNet, ShapedNode
from singalang_compiler.work import Price, Share


@dataclass(frozen=True, slots=True)
class Lowered:
    """A section's record, what its step costs were one worker to do it, and what was decided."""

    record: SectionRecord
    cost: StepCost
    decisions: tuple[Decision, ...]

    @property
    def step_s(self) -> float:
        """Predicted seconds of a step."""
        return self.record.step_s


def lower_section(
    section: Section, placed: PlacedSection, kernels: Kernels, platforms: tuple[str, ...], machine: Machine
) -> Lowered:
    """Makes the kernels of a section and adds them to `kernels`."""
    cost = step_cost(_net(section), machine)
    cost = replace(cost, compute_s=_kernel_s(section, machine)) if placed.cut.whole else cost
    group = None if placed.cut.whole else group_record(section, placed, kernels, machine)
    steps = section.train.steps if isinstance(section.train.steps, int) else None
    chosen = IN_A_GROUP if group else choose(section.net.phases["train"], cost.compute_s, steps, platforms, machine)
    dispatch = chosen.dispatch
    step_s = group.step_s if group else cost.compute_s + machine.dispatch_s / dispatch.count
    training_ = {} if group else _training_kernels(section, chosen, cost.flops, kernels)
    roles = training_ | _evaluation_kernels(section, kernels) | _probe(section, cost.flops, kernels)
    record = _record(section, chosen, roles, _predict(section, kernels), step_s, group)
    decisions = (*section_decisions(section, chosen, placed.cut.topology), *(group_decisions(section, placed) if group else ()))
    return Lowered(record, cost, decisions)


def _kernel_s(section: Section, machine: Machine) -> float:
    """Seconds that one worker's kernel computes a step, on all cores."""
    signature = training.step_signature(section)
    function = partial(training.step_function, section)
    jaxpr = operations_of(lambda *arrays: tuple(function(signature.split(arrays))), signature.inputs, section.double)
    return Price(machine, Share.of(machine, 1)).seconds(work_of(jaxpr), section.double)


def _net(section: Section) -> Net:
    return Net(
        nodes=section.net.phases["train"],
        parameters=tuple(use.shape for use in section.uses.values()),
        trained=tuple(section.uses[name].shape for name in section.trained),
        slots=len(section.slots),
        batch=section.batch("train"),
        element_bytes=8 if section.ops.precision == "f64" else 4,
    )


def _training_kernels(section: Section, chosen: Chosen, flops: int, kernels: Kernels) -> dict[str, str]:
    outputs = training.step_outputs(section)
    step = kernels.add(
        "step", training.step_signature(section), partial(training.step_function, section), outputs, flops, section.double
    )
    dispatch = chosen.dispatch
    if dispatch.mode == "loop":
        return {"step": step}
    function = partial(training.steps_function, section, dispatch.mode, dispatch.count)
    signature = training.step_signature(section, dispatch.count)
    return {"step": step, "steps": kernels.add("steps", signature, function, outputs, flops * dispatch.count, section.double)}


def _evaluation_kernels(section: Section, kernels: Kernels) -> dict[str, str]:
    made: dict[str, str] = {}
    for phase in section.phases_with_data():
        if phase != "train":
            flops = flops_of(section.net.phases[phase], backward=False) * section.batch(phase)
            made[f"evaluate/{phase}"] = kernels.add(
                f"evaluate/{phase}",
                measuring.evaluate_signature(section, phase),
                partial(measuring.evaluate_function, section, phase),
                (METRICS,),
                flops,
                section.double,
            )
    return made


def _probe(section: Section, flops: int, kernels: Kernels) -> dict[str, str]:
    signature, outputs = probe.probe_signature(section), probe.probe_outputs(section)
    return {"probe": kernels.add("probe", signature, partial(probe.probe_function, section), outputs, flops, section.double)}


def _predict(section: Section, kernels: Kernels) -> PredictRecord | None:
    if section.net.deployed is None:
        return None
    signature = measuring.predict_signature(section)
    flops = flops_of(section.net.phases["deploy"], backward=False) * section.batch("deploy")
    function = partial(measuring.predict_function, section)
    key = kernels.add("predict", signature, function, ("prediction",), flops, section.double)
    shape = kernels.records[key].outputs[0].shape[1:]
    fields = tuple(name for name, _ in section.fields("deploy"))
    classes = _classes(section.net)
    return PredictRecord(kernel=key, fields=fields, shape=shape, classes=classes if shape[-1:] == (classes,) else None)


def _classes(net: ShapedNet) -> int | None:
    """Number of classes of the labels that the net learns, None where it learns no classes."""
    labels = [node.spec.classes for node in net.phases["train"] if isinstance(node.node.operation, FieldInput) and node.spec]
    return next((classes for classes in labels if classes is not None), None)


def _record(
    section: Section,
    chosen: Chosen,
    roles: Mapping[str, str],
    predict: PredictRecord | None,
    step_s: float,
    group: GroupRecord | None,
) -> SectionRecord:
    train, rule = section.train, section.rule
    return SectionRecord(
        name=section.name,
        net=train.net,
        algorithm=kind_record(train.algorithm),
        updater=kind_record(train.updater.updater),
        rate=kind_record(train.updater.rate),
        weight_decay=rule.weight_decay,
        clip=rule.clip,
        clip_norm=rule.clip_norm,
        steps=steps_record(train.steps),
        seed=train.seed,
        precision=section.ops.precision,
        data=tuple(data.name for data in section.own_data()),
        batch=section.batch("train"),
        layers=tuple(_layer(section.net, node) for node in every_node(section.net) if node.node.kind != "field"),
        parameter_names=tuple(section.uses),
        parameters=section.parameters,
        slots=tuple(buffer for buffers in section.slots.values() for buffer in buffers),
        state=section.state,
        states=tuple(StateRecord(name=name, shape=own.shape, initial=own.initial) for name, own in section.states.items()),
        metrics=tuple(row.name for row in section.rows),
        metric_better={row.name: row.better for row in section.rows},
        metric_percent=tuple(row.name for row in section.rows if row.percent),
        kernels=dict(roles),
        dispatch=chosen.dispatch,
        program=section.name,
        start=train.start,
        predict=predict,
        step_s=step_s,
        scales=_scales(section),
        group=group,
    )


def _scales(section: Section) -> dict[str, tuple[float, float]]:
    """The scales of the parameters of which `on` rules of the train section say something."""
    said = {f"{section.prefix}{layer}" for layer in section.train.scales}
    return {name: (use.lr_scale, use.wd_scale) for name, use in section.uses.items() if name.rpartition(".")[0] in said}


def _layer(net: ShapedNet, node: ShapedNode) -> LayerRecord:
    cost = cost_of(node)
    phases = tuple(phase for phase, nodes in net.phases.items() if any(other.node.name == node.node.name for other in nodes))
    return LayerRecord(
        name=node.node.name,
        kind=node.node.kind,
        attributes=kind_record(configured(node)).attributes,
        inputs=node.node.inputs,
        shape=node.spec.shape if node.spec else (),
        parameters=tuple(link.name for link in node.parameters.values()),
        forward_flops=cost.forward_flops,
        backward_flops=cost.backward_flops,
        phases=phases,
    )
