"""From a syntax tree to a job with its layer graphs: every name looked up, every value worked out, every section read."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace

from msgspec import structs

from singalang_compiler.codes.e0405_unlike_data import UnlikeData
from singalang_compiler.codes.e0503_unknown_topology import UnknownTopology
from singalang_compiler.graph import LayerGraph
from singalang_compiler.job import PHASES, Job, Net, Topology
from singalang_compiler.resolve.bodies import Body, expand
from singalang_compiler.resolve.data import DataOwner
from singalang_compiler.resolve.definitions import ArgDefinition, BlockDefinition, SectionDefinition
from singalang_compiler.resolve.files import File
from singalang_compiler.resolve.importing import Importer
from singalang_compiler.resolve.nets import NetBuilder
from singalang_compiler.resolve.request import Request
from singalang_compiler.resolve.rules import NetRules, Rule
from singalang_compiler.resolve.scopes import Local, Place, is_poison
from singalang_compiler.resolve.session import Exhausted, Session
from singalang_compiler.resolve.settings import apply_settings
from singalang_compiler.resolve.topologies import SINGLE, read_topology
from singalang_compiler.resolve.training import read_sample, read_train
from singalang_compiler.resolve.unused import warn_unused
from singalang_compiler.resolve.updaters import read_updater
from singalang_compiler.resolve.values import POISON, Owner, Value, Word, shown
from singalang_compiler.resolve.world import World
from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_grammar.source import Source, Span
from singalang_grammar.tree import Program, RangeSelector

_FRAMES = 40_000
"""Python frames that the deepest evaluation takes, with a wide margin: DEPTH expressions, a few frames each."""


def resolve(program: Program, request: Request) -> Outcome[Job]:
    """The job that a program describes, and all that is wrong with it.

    The job is there even where there are mistakes, as far as it goes: nets lack the layers that are wrong, and sections
    that are wrong are missing. Warnings of unused names are given only where there is no error.
    """
    session = Session(request)
    resolution = _Resolution(session)
    with _deep_enough():
        job = resolution.run(program)
    return Outcome(job, _sorted(session))


@contextmanager
def _deep_enough() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _sorted(session: Session) -> tuple[Diagnostic, ...]:
    """The problems by file, in the order in which files were read, and place."""
    order = {id(source): number for number, source in enumerate(session.sources)}

    def key(found: Diagnostic) -> tuple[int, int]:
        if found.primary is None:
            return len(order) + 1, 0
        span = found.primary.span
        return order.get(id(span.source), len(order)), span.start

    return tuple(sorted(session.problems, key=key))


class _Resolution:
    """One resolution, from files to the job."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._importer = Importer(session)
        self._owners: dict[int, Owner] = {}
        session.owner_of = self._owner

    def run(self, program: Program) -> Job:
        session = self._session
        main = self._importer.main(program)
        settings = apply_settings(main, self._importer.files, session)
        world = World(session, main)
        self._world = world
        job = Job(main.stem, {}, {}, (), {}, SINGLE, settings=settings)
        with suppress(Exhausted):
            job = self._resolved(job, main, world)
        if not session.failed and not program.broken:
            for facts in world.missing:
                session.report(facts)
        if not session.failed:
            warn_unused(main, session)
        files = [file.program.source for file in self._importer.files]
        read = [*files, *(source for source in session.sources if source not in files)]
        return structs.replace(job, sources=tuple(read), user_kinds=self._importer.user_kinds)

    def _resolved(self, job: Job, main: File, world: World) -> Job:
        sections = [section.latest for section in main.sections.values()]
        for definition in list(main.definitions.values()):
            definition.value(definition.name.span)
        for section in sections:
            if section.kind in ("data", "net") and section.name is not None:
                self._owner(section)
        for net in list(world.nets.values()):
            self._run_net(net)
        for block in main.blocks.values():
            if id(block.block) not in self._session.expanded:
                self._check_block(block)
        world.nets_lost = any(self._session.is_broken("net", section.span) for section in sections) or main.all_lost
        return self._with_sections(job, main, sections, world)

    def _with_sections(self, job: Job, main: File, sections: list[SectionDefinition], world: World) -> Job:
        session = self._session
        updaters = [section for section in sections if section.kind == "updater"]
        for section in updaters:
            world.has_updater, world.updater = True, read_updater(section, session)
        chosen, foreign = self._chosen(main)
        world.topology_names = tuple(section.name.text for section in sections if section.kind == "topology" and section.name)
        topologies = {}
        for section in [*(one for one in sections if one.kind == "topology"), *foreign]:
            topology = read_topology(section, world)
            if topology is not None:
                topologies[topology.name] = topology
        trains = [read_train(section, world) for section in sections if section.kind == "train"]
        samples = [read_sample(section, world) for section in sections if section.kind == "sample"]
        nets = {name: self._net(builder, world) for name, builder in world.nets.items()}
        return structs.replace(
            job,
            data={owner.name: owner.data for owner in world.data.values()},
            nets=nets,
            trains=tuple(train for train in trains if train is not None),
            samples=tuple(sample for sample in samples if sample is not None),
            topologies=topologies,
            topology=self._topology(chosen, topologies, main),
            args=_args(main),
        )

    def _net(self, builder: NetBuilder, world: World) -> Net:
        self._check_data(builder, world)
        return Net(name=builder.name, graph=LayerGraph.of(builder.whole_nodes()), span=world.net_spans[builder.name])

    # nets and data

    def _owner(self, section: SectionDefinition) -> Owner:
        """The net or data section, made when it is first needed."""
        if id(section) not in self._owners:
            assert section.name is not None
            name = self._free_name(section)
            if section.kind == "data":
                owner = DataOwner(name, section, self._session)
                self._owners[id(section)] = owner
                self._world.data[name] = owner
            else:
                self._prepare_net(name, section)
        return self._owners[id(section)]

    def _free_name(self, section: SectionDefinition) -> str:
        """The section's name, with its file's before it where another file has a section of the same name."""
        assert section.name is not None
        taken = self._world.data if section.kind == "data" else self._world.nets
        name = section.name.text
        return f"{section.file.stem}.{name}" if name in taken else name

    def _prepare_net(self, name: str, section: SectionDefinition) -> None:
        assert section.name is not None
        ranges: dict[int, frozenset[str]] = {}
        builder = NetBuilder(name, self._session)
        self._owners[id(section)] = builder
        self._session.builders[name] = builder
        self._world.nets[name] = builder
        self._world.net_spans[name] = section.name.span
        rules = self._read_body(builder, section, ranges)
        if any(isinstance(selector, RangeSelector) for rule in rules for selector in rule.on.selectors):
            ranges.update(self._ranges_in(name, section))

    def _read_body(self, builder: NetBuilder, section: SectionDefinition, ranges: dict[int, frozenset[str]]) -> list[Rule]:
        place = replace(section.file.place)
        body = Body(builder, NetRules((), ranges), "", place)
        with self._session.heard(builder.scratch):
            rules = body.read(section.parts)
        body.use_rules(NetRules(rules, ranges))
        builder.body = body
        return rules

    def _ranges_in(self, name: str, section: SectionDefinition) -> dict[int, frozenset[str]]:
        """What the ranges in a net's rules stand for: the net is made once without them."""
        session = self._session
        layers = session.layers
        scratch = NetBuilder(name, session, scratch=True)
        self._read_body(scratch, section, {})
        assert scratch.body is not None
        with session.heard(muted=True):
            scratch.body.run()
        session.layers = layers
        return scratch.body.rules.range_members(scratch.layers, scratch.nodes)

    def _run_net(self, builder: NetBuilder) -> None:
        assert builder.body is not None
        builder.body.run()
        builder.body.rules.finish(builder.layers, builder.poisoned)
        builder.body.rules.warn(builder.automatic)

    def _check_block(self, block: BlockDefinition) -> None:
        """Finds what is wrong in a block that nobody uses: its inputs and attributes may be anything."""
        builder = NetBuilder(block.block.name.text, self._session)
        names = (*block.block.inputs, *(parameter.name for parameter in block.block.parameters or ()))
        values: dict[str, Value] = {name.text: POISON for name in names}
        spans = {name.text: name.span for name in names}
        place: Place = replace(block.file.place, scope=Local(block.file, values, "an input or attribute of the block", spans))
        expand(builder, NetRules((), {}), "", block, replace(place, unsure=True))

    def _check_data(self, builder: NetBuilder, world: World) -> None:
        """Data sections that one net reads have the same phases and batches."""
        owners = world.data_of(builder)
        for other in owners[1:]:
            first = owners[0]
            if first.poisoned or other.poisoned:
                continue
            ours = {phase: use.batch for phase, use in first.data.sources.items()}
            theirs = {phase: use.batch for phase, use in other.data.sources.items()}
            phase = next((phase for phase in PHASES if ours.get(phase) != theirs.get(phase)), None)
            if phase is not None:
                spans = [
                    owner.data.sources[phase].span if phase in owner.data.sources else owner.data.span for owner in (first, other)
                ]
                difference = _difference(phase, ours, theirs)
                self._session.report(UnlikeData(builder.name, first.name, other.name, difference, spans[1], spans[0]))

    # the topology

    def _chosen(self, main: File) -> tuple[str | None, list[SectionDefinition]]:
        """Name of the topology that was asked for, and its section where it is in a file that the program does not import."""
        said = self._session.request.topology
        if said is None:
            return None, []
        path, colon, name = said.rpartition(":")
        source = Source(f"--topology {said}", said)
        span = Span(source, len(said) - len(name), len(said))
        file: File | None = main
        if colon:
            file = self._importer.load(path, Span(source, 0, len(path)), path)
        if file is None:
            return None, []
        found = file.sections.get(("topology", name))
        if found is None:
            known = tuple(key[1] for key in file.sections if key[0] == "topology" and key[1])
            if not file.is_lost(name) and not self._session.is_broken(name, Span(file.program.source, 0, 0)):
                self._session.report(UnknownTopology(name, span, known))
            return None, []
        return name, [] if file is main else [found.latest]

    def _topology(self, chosen: str | None, topologies: dict[str, Topology], main: File) -> Topology:
        if chosen is not None:
            return topologies.get(chosen, SINGLE)
        own = [topology for topology in topologies.values() if topology.span and topology.span.source is main.program.source]
        return next(iter((*own, *topologies.values())), SINGLE)


def _difference(phase: str, ours: Mapping[str, object], theirs: Mapping[str, object]) -> str:
    if (phase in ours) != (phase in theirs):
        return f"only one of them has a source for `{phase}`"
    return f"their batches in `{phase}` are {ours[phase]} and {theirs[phase]}"


def _args(main: File) -> dict[str, object]:
    """The values of the args, for the record: words as their text."""
    found: dict[str, object] = {}
    for name, definition in main.definitions.items():
        if isinstance(definition, ArgDefinition):
            value = definition.value(definition.name.span)
            if not is_poison(value):
                found[name] = value.text if isinstance(value, Word) else value if _is_plain(value) else shown(value)
    return found


def _is_plain(value: Value) -> bool:
    if isinstance(value, tuple):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, bool | int | float | str)
