"""Layers that use another layer's parameter and say of its learning what its owner does not. Knows no topology."""

from __future__ import annotations

from collections.abc import Iterator

from singalang_compiler.codes.e0518_contradictory_tie import ContradictoryTie
from singalang_compiler.job import Scales, Train
from singalang_compiler.partition.learning import every_node, prefix_of
from singalang_compiler.shaped import ParameterUse, ShapedJob, ShapedNode
from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.source import Span

_SCALES = ("lr_scale", "wd_scale")


def contradictory_ties(shaped: ShapedJob) -> Iterator[Diagnostic]:
    """What nets say of parameters that are not theirs, and what the rules of train sections do."""
    for net in shaped.nets.values():
        for node in every_node(net):
            yield from _in_net(node, shaped)
    for train in shaped.job.trains:
        if train.scales and train.net in shaped.nets:
            yield from _in_rules(train, shaped)


def _taken(node: ShapedNode) -> Iterator[str]:
    """The names, in a layer, of parameters that it takes from others."""
    for own, setting in node.node.parameters.items():
        if setting.shared is not None and own in node.parameters:
            yield own


def _in_net(node: ShapedNode, shaped: ShapedJob) -> Iterator[Diagnostic]:
    for own in _taken(node):
        setting, use = node.node.parameters[own], shaped.parameters.get(node.parameters[own].name)
        for scale in _SCALES:
            said = getattr(setting, scale)
            if use is not None and said is not None and said != getattr(use, scale):
                yield _fault(use, node, scale, said, getattr(use, scale), setting.span or node.node.span)


def _in_rules(train: Train, shaped: ShapedJob) -> Iterator[Diagnostic]:
    prefix = prefix_of(shaped, train)
    for node in every_node(shaped.nets[train.net]):
        own_rules = train.scales.get(node.node.name, Scales())
        for own in _taken(node):
            use = shaped.parameters.get(node.parameters[own].name)
            if use is None:
                continue
            owner = use.name.removeprefix(prefix).rpartition(".")[0]
            rules = train.scales.get(owner, Scales()) if use.name.startswith(prefix) else Scales()
            for scale in _SCALES:
                said, owners = (1.0 if (found := getattr(one, scale)) is None else found for one in (own_rules, rules))
                if getattr(own_rules, scale) is not None and said != owners:
                    yield _fault(use, node, scale, said, owners, own_rules.span or train.span)


def _fault(use: ParameterUse, node: ShapedNode, scale: str, said: float, owners: float, span: Span) -> Diagnostic:
    return ContradictoryTie(use.name, node.node.name, scale, said, owners, span).diagnostic()
