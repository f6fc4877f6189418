"""Train and sample sections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from singalang_compiler.codes.e0103_unknown_kind import UnknownKind
from singalang_compiler.codes.e0133_no_member import NoMember
from singalang_compiler.codes.e0134_unknown_reference import UnknownReference
from singalang_compiler.codes.e0401_no_loss import NoLoss
from singalang_compiler.codes.e0402_which_net import WhichNet
from singalang_compiler.codes.e0403_no_updater import NoUpdater
from singalang_compiler.codes.e0404_no_source import NoSource
from singalang_compiler.codes.e0406_not_a_loss import NotALoss
from singalang_compiler.codes.e0407_alternating import Alternating
from singalang_compiler.codes.e0503_unknown_topology import UnknownTopology
from singalang_compiler.graph import Node
from singalang_compiler.job import Every, Sample, Scales, Train, UpdaterUse
from singalang_compiler.library.kinds import Configured
from singalang_compiler.resolve.definitions import Part, SectionDefinition
from singalang_compiler.resolve.fields import Fields, Wanted, read_fields, read_rule
from singalang_compiler.resolve.fitting import convert
from singalang_compiler.resolve.nets import NetBuilder
from singalang_compiler.resolve.rules import report_missed, warn_automatic
from singalang_compiler.resolve.scopes import is_poison
from singalang_compiler.resolve.selection import between, match, named
from singalang_compiler.resolve.updaters import read_updater
from singalang_compiler.resolve.world import World
from singalang_compiler.sections.schema import schema
from singalang_grammar.source import Span
from singalang_grammar.tree import Call, Expr, KindSelector, List, Name, RangeSelector, Selector, Tuple

ACTIONS = ("val", "test", "checkpoint", "log")
"""The periodic actions of a train section."""
_ALTERNATING = ("alternating", "alternate", "adversarial", "gan")


def read_train(section: SectionDefinition, world: World) -> Train | None:
    """A train section; None where too much of it is wrong."""
    session = world.session
    wanted = Wanted("train", schema("train").fields, frozenset({"algorithm", "net"}), rules=True)
    found = read_fields(section.parts, wanted, section.span, session)
    if _alternates(found, world):
        return None
    net = _net(found, section, world)
    algorithm = _algorithm(found, section, world)
    updater = _updater(found, section, world)
    _check_topology(found, world)
    if net is None:
        return None
    losses = _losses(found, net, algorithm, world)
    actions = {name: _every(found.values[name]) for name in ACTIONS if isinstance(found.values[name], Configured)}
    _check_sources(found, section, net, world)
    _check_metric(found, net, world)
    scales = _scales(found, net, world)
    if algorithm is None or updater is None or losses is None or not found.whole:
        return None
    values = found.values
    return Train(
        name=section.name.text if section.name else None,
        net=net.name,
        losses=losses,
        algorithm=algorithm,
        steps=values["steps"],
        updater=updater,
        actions=actions,
        topology=values["topology"],
        start=values["start"],
        seed=values["seed"],
        precision=values["precision"],
        accumulate=values["accumulate"],
        average=values["average"].attributes["decay"] if values["average"] else None,
        stop=(values["stop"].attributes["metric"], values["stop"].attributes["tests"]) if values["stop"] else None,
        scales=scales,
        span=section.span,
    )


def _alternates(found: Fields, world: World) -> bool:
    """Reports training in turns, which this version does not have."""
    span: Span | None = None
    if "net" in found.raw and isinstance(found.raw["net"][0], List | Tuple):
        span = found.raw["net"][0].span
    expr: Expr | None = found.raw["algorithm"][0] if "algorithm" in found.raw else None
    head = expr.callee if isinstance(expr, Call) else expr
    if isinstance(head, Name) and head.text in _ALTERNATING:
        span = head.span
    if span is not None:
        world.session.report(Alternating(span))
    return span is not None


def _net(found: Fields, section: SectionDefinition, world: World) -> NetBuilder | None:
    """The net that a section works on; None where there is none, and that was reported."""
    field = schema(section.kind).field("net")
    assert field is not None
    if "net" not in found.raw:
        if len(world.nets) == 1:
            return next(iter(world.nets.values()))
        facts = WhichNet(section.title, section.span, tuple(world.nets))
        if world.nets and not world.nets_lost:
            world.session.report(facts)
        elif not world.nets_lost:
            world.missing.append(facts)
        return None
    expr, place = found.raw["net"]
    name = convert(expr, field.type, "net", place)
    if is_poison(name) or name is None:
        return None
    if name not in world.nets:
        if not place.visible.is_lost(name) and not world.session.is_broken(name, expr.span):
            world.session.report(UnknownReference("net", name, expr.span, tuple(world.nets)))
        return None
    return world.nets[name]


def _algorithm(found: Fields, section: SectionDefinition, world: World) -> Configured | None:
    field = schema("train").field("algorithm")
    assert field is not None
    made: Any = None
    if "algorithm" in found.raw:
        expr, place = found.raw["algorithm"]
        made = convert(expr, field.type, "algorithm", place)
        if is_poison(made):
            return None
    if made is not None:
        return made  # type: ignore[no-any-return]
    kind = section.file.kind("algorithms", "bp")
    if kind is None:
        world.session.report(UnknownKind("algorithm", "bp", section.span))
        return None
    return Configured(kind, {attribute.name: attribute.default for attribute in kind.attributes})


def _updater(found: Fields, section: SectionDefinition, world: World) -> UpdaterUse | None:
    own = [(item, file) for item, file in found.sections if item.kind.text == "updater"]
    if own:
        item, file = own[-1]
        parts = tuple(Part(inside, file) for inside in item.body)
        if item.name is None:
            world.report_unnamed_updater(item.kind.span)
            return None
        return read_updater(SectionDefinition("updater", item.name, parts, file, item.head), world.session)
    if world.has_updater:
        return world.updater
    world.missing.append(NoUpdater(section.title, section.span))
    return None


def _check_topology(found: Fields, world: World) -> None:
    name = found.values["topology"]
    if is_poison(name) or name is None or name in world.topology_names:
        return
    if not world.session.is_broken(name, found.spans["topology"]) and not world.main.is_lost(name):
        world.session.report(UnknownTopology(name, found.spans["topology"], world.topology_names))


def _is_loss(node: Node) -> bool:
    return isinstance(node.operation, Configured) and bool(node.operation.kind.constants.get("is_loss"))


def _losses(found: Fields, net: NetBuilder, algorithm: Configured | None, world: World) -> tuple[str, ...] | None:
    """The loss layers of the objective; None where they cannot be told."""
    all_losses = tuple(sorted(node.name for node in net.nodes.values() if _is_loss(node) and "train" in node.phases))
    said = found.values["loss"]
    if is_poison(said):
        return None
    if said is not None:
        return _named_losses(said, found.spans["loss"], all_losses, net, world)
    if not all_losses and algorithm is not None and algorithm.kind.constants.get("needs_loss", True):
        if not net.poisoned:
            world.session.report(NoLoss(net.name, algorithm.name, world.net_spans[net.name]))
        return None
    return all_losses


def _named_losses(said: Any, span: Span, losses: tuple[str, ...], net: NetBuilder, world: World) -> tuple[str, ...] | None:
    chosen = []
    for name in said if isinstance(said, tuple) else (said,):
        value = net.values.get(name)
        node = value.node if value else name
        if node in losses:
            chosen.append(node)
        elif not net.poisoned:
            world.session.report(NotALoss(name, span, losses))
            return None
        else:
            return None
    return tuple(chosen)


def _every(form: Configured) -> Every:
    values = form.attributes
    after = values["after"]
    return Every(values["period"], values["period"] if after is None else after, values["batches"])


def _check_sources(found: Fields, section: SectionDefinition, net: NetBuilder, world: World) -> None:
    """Every phase that a section needs has a source in all data that its net reads."""
    needed = [("train", section.span)]
    needed += [(phase, found.spans[phase]) for phase in ("val", "test") if isinstance(found.values[phase], Configured)]
    for phase, span in needed:
        for owner in world.data_of(net):
            if phase not in owner.data.sources and not owner.poisoned:
                world.session.report(NoSource(phase, owner.name, span, owner.data.span))


def _check_metric(found: Fields, net: NetBuilder, world: World) -> None:
    stop = found.values["stop"]
    if not isinstance(stop, Configured) or net.poisoned:
        return
    known = {"loss"}
    for node in net.nodes.values():
        if isinstance(node.operation, Configured):
            own = (node.kind,) if node.operation.kind.family == "metrics" else node.operation.kind.constants.get("metric_names", ())
            known |= {*own, *(f"{node.name}.{metric}" for metric in own)}
    metric = stop.attributes["metric"]
    if metric not in known:
        world.session.report(UnknownReference("metric", metric, found.spans["stop"], tuple(sorted(known))))


def _scales(found: Fields, net: NetBuilder, world: World) -> dict[str, Scales]:
    scales: dict[str, Scales] = {}
    for on, place in found.rules:
        said = read_rule(on, place, schema("train").rules or (), "train")
        for selector in on.selectors:
            names = selected(selector, net)
            if not names:
                report_missed(selector, place, net.layers, net.poisoned)
            warn_automatic(selector, place, net.automatic)
            for name in names:
                old = scales.get(name, Scales())
                scales[name] = Scales(said.get("lr_scale", old.lr_scale), said.get("wd_scale", old.wd_scale), on.span)
    return dict(sorted(scales.items()))


def selected(selector: Selector, net: NetBuilder) -> list[str]:
    """The layers of a whole net that a selector means, in the order in which they were made."""
    ranged: frozenset[str] = frozenset()
    layers = net.layers.values()
    if isinstance(selector, RangeSelector):
        first, last = (_with_aliases(path.text, net) | named(path.text, layers) for path in (selector.first, selector.last))
        ranged = between(first, last, net.nodes)
    names = [layer.name for layer in layers if match(selector, layer, ranged)]
    if not names and not isinstance(selector, KindSelector | RangeSelector):
        names = sorted(_with_aliases(selector.span.text, net) & set(net.layers))
    return names


def _with_aliases(name: str, net: NetBuilder) -> frozenset[str]:
    """The layer whose output a name of the net holds."""
    value = net.values.get(name)
    return frozenset({value.node}) if value else frozenset()


def read_sample(section: SectionDefinition, world: World) -> Sample | None:
    """A sample section; None where something in it is wrong."""
    session = world.session
    found = read_fields(section.parts, Wanted("sample", schema("sample").fields, frozenset({"net"})), section.span, session)
    net = _net(found, section, world)
    feed = _fed(found, world)
    draw = _drawn(found, net, world) if net else None
    if net is None or feed is None or draw is None or not found.whole:
        return None
    values = found.values
    return Sample(
        name=section.name.text if section.name else None,
        net=net.name,
        feed=feed,
        draw=draw,
        steps=values["steps"],
        temperature=values["temperature"],
        top_k=values["top_k"],
        seed=values["seed"],
        span=section.span,
    )


def _fed(found: Fields, world: World) -> tuple[str, str] | None:
    text = found.values["feed"]
    if is_poison(text):
        return None
    data, _, name = text.partition(".")
    span = found.spans["feed"]
    owner = world.data.get(data)
    if owner is None:
        if not world.main.is_lost(data) and not world.session.is_broken(data, span):
            world.session.report(UnknownReference("data section", data, span, tuple(world.data)))
        return None
    known = tuple(field.name for field in owner.data.fields)
    if name in known:
        return owner.name, name
    if not owner.poisoned:
        world.session.report(NoMember(f"data section `{data}`", name, span, known))
    return None


def _drawn(found: Fields, net: NetBuilder, world: World) -> str | None:
    text = found.values["draw"]
    if is_poison(text):
        return None
    name = text.removeprefix(net.name + ".")
    value = net.values.get(name)
    if value is not None or name in net.layers:
        return value.node if value else name
    if not net.poisoned and not world.session.is_broken(name, found.spans["draw"]):
        known: Iterable[str] = sorted({*net.values, *net.layers})
        world.session.report(UnknownReference("layer", name, found.spans["draw"], tuple(known)))
    return None
