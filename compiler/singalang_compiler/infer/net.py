"""From a resolved job to shaped nets: every net in every phase it has, and the parameters that the nets share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from singalang_compiler.codes.e0304_phase_shapes import PhaseShapes
from singalang_compiler.graph import FieldInput, LayerGraph, Node, PhaseSwitch
from singalang_compiler.infer.unreachable import find_unreachable
from singalang_compiler.infer.walk import Seen, Walk
from singalang_compiler.job import Job, Net
from singalang_compiler.library import kinds
from singalang_compiler.library.kinds import Configured
from singalang_compiler.library.tensors import Parameter, Shape
from singalang_compiler.shaped import Deployed, ParameterLink, ParameterUse, ShapedJob, ShapedNet, ShapedNode
from singalang_grammar.diagnostics import Diagnostic, Outcome


def infer_shapes(job: Job) -> Outcome[ShapedJob]:
    """Gives every layer of every net its output's spec, its parameters and its state.

    What reads a layer whose rule failed is left alone. The value is there even so: a net with a mistake lacks specs.
    """
    inference = _Inference(job)
    nets = {net.name: inference.shaped(net) for net in _owners_first(job.nets)}
    ordered = {name: nets[name] for name in job.nets}
    return Outcome(ShapedJob(job, ordered, inference.parameters), tuple(dict.fromkeys(inference.problems)))


def _owners_first(nets: Mapping[str, Net]) -> list[Net]:
    """The nets, those whose parameters others share before the others; else in the order of the file."""
    done: dict[str, Net] = {}

    def visit(net: Net, above: frozenset[str]) -> None:
        for owner in sorted(_nets_shared(net)):
            if owner in nets and owner not in done and owner not in above:
                visit(nets[owner], above | {net.name})
        done.setdefault(net.name, net)

    for net in nets.values():
        visit(net, frozenset())
    return list(done.values())


def _nets_shared(net: Net) -> set[str]:
    settings = (setting for node in net.graph.in_order for setting in node.parameters.values())
    return {setting.shared.net for setting in settings if setting.shared} - {net.name}


class _Inference:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._shapes: dict[tuple[str, str, str], Shape] = {}
        self.parameters: dict[str, ParameterUse] = {}
        self.problems: list[Diagnostic] = []

    def shaped(self, net: Net) -> ShapedNet:
        instances: dict[str, Any] = {}
        deployed, deploy_graph = _deployed(net)
        done: list[tuple[LayerGraph, tuple[ShapedNode, ...]]] = []
        phases: dict[str, tuple[ShapedNode, ...]] = {}
        first: dict[str, Seen] = {}
        for phase in self._phases(net):
            graph = deploy_graph if phase == "deploy" else _in_phase(net.graph, phase)
            known = next((nodes for other, nodes in done if other is graph or other == graph), None)
            if known is None:
                walk = Walk(net.name, graph, self._shapes, instances, self._job.sources)
                walk.run()
                self.problems += walk.problems
                self._compare(first, walk.seen.values(), phase)
                known = tuple(self._shaped(net, walk.seen[node.name]) for node in graph.in_order)
                done.append((graph, known))
            phases[phase] = known
        if not self.problems:
            self.problems += find_unreachable(net, self._job)
        return ShapedNet(net, phases, deployed)

    def _phases(self, net: Net) -> list[str]:
        """The phases for which all data of the net have a source, and `deploy`; `train` alone for a net without any source."""
        read = {node.operation.data for node in net.graph.in_order if isinstance(node.operation, FieldInput)}
        sections = [self._job.data[name] for name in read if name in self._job.data]
        having = [phase for phase in ("train", "val", "test") if all(phase in section.sources for section in sections)]
        return [*(having or ["train"]), "deploy"]

    def _compare(self, first: dict[str, Seen], seen: Iterable[Seen], phase: str) -> None:
        """One parameter has one shape in all phases."""
        for here in seen:
            other = first.setdefault(here.node.name, here)
            for name, parameter in here.parameters.items():
                before = other.parameters.get(name)
                if before is not None and before.shape != parameter.shape:
                    self.problems.append(
                        PhaseShapes(here.node.name, name, before.shape, parameter.shape, phase, here.node.span).diagnostic()
                    )

    def _shaped(self, net: Net, seen: Seen) -> ShapedNode:
        node = seen.node
        links = {name: self._link(net, node, name, parameter) for name, parameter in seen.parameters.items()}
        return ShapedNode(node, seen.spec, seen.inputs, links, seen.state, seen.instance)

    def _link(self, net: Net, node: Node, name: str, parameter: Parameter) -> ParameterLink:
        setting = node.parameters.get(name)
        if setting is not None and setting.shared is not None:
            shared = setting.shared
            return ParameterLink(self._full_name(shared.net, shared.layer, shared.name), shared.transposed)
        full = self._full_name(net.name, node.name, name)
        init = setting.init if setting and setting.init else _initialiser(parameter.init)
        lr_scale = setting.lr_scale if setting and setting.lr_scale is not None else 1.0
        wd_scale = setting.wd_scale if setting and setting.wd_scale is not None else 1.0
        use = ParameterUse(full, parameter.shape, init, parameter.fan_in, parameter.fan_out, lr_scale, wd_scale)
        self.parameters.setdefault(full, use)
        return ParameterLink(full)

    def _full_name(self, net: str, layer: str, name: str) -> str:
        return f"{net}.{layer}.{name}" if len(self._job.nets) > 1 else f"{layer}.{name}"


def _in_phase(graph: LayerGraph, phase: str) -> LayerGraph:
    """The graph itself where the phase makes no difference: nets without `when` are walked once."""
    nodes = graph.in_order
    if all(phase in node.phases and not isinstance(node.operation, PhaseSwitch) for node in nodes):
        return graph
    return graph.in_phase(phase)


def _deployed(net: Net) -> tuple[Deployed | None, LayerGraph]:
    graph = _in_phase(net.graph, "deploy")
    own = [node for node in graph.in_order if "train" not in node.phases and not graph.consumers(node.name)]
    losses = [node for node in graph.in_order if is_loss(node)]
    if own:
        return Deployed(own[0].name, None), _kept(graph, [node.name for node in own])
    if losses:
        output = losses[0].inputs[0]
        return Deployed(output, losses[0].name), _kept(graph, [output])
    return None, LayerGraph.of(())


def _kept(graph: LayerGraph, outputs: list[str]) -> LayerGraph:
    needed = graph.ancestors(outputs)
    return LayerGraph.of(node for node in graph.in_order if node.name in needed)


def is_loss(node: Node) -> bool:
    """Whether a node is a loss layer."""
    operation = node.operation
    return isinstance(operation, Configured) and bool(operation.kind.constants.get("is_loss"))


def _initialiser(init: str | float) -> Configured:
    """A layer's own choice of initialiser: a kind with its defaults, or a constant."""
    kind = kinds.find("inits", init if isinstance(init, str) else "constant")
    assert kind is not None, f"no initialiser is called {init}"
    attributes = {attribute.name: attribute.default for attribute in kind.attributes}
    if not isinstance(init, str):
        attributes[kind.attributes[0].name] = float(init)
    return Configured(kind, attributes)
