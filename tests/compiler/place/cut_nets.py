"""Cut nets made by hand and at random: pieces, what they give one another, and the connections between; without layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from singalang_compiler.geometry import BATCH, PARTIAL, WHOLE, Distribution, Extent, by_feature
from singalang_compiler.partition.cut_net import Connection, CutNet, FieldView, Piece, View
from singalang_compiler.partition.wiring import pattern

Key = tuple[int, int]
"""Stage and level of a piece."""


@dataclass
class Made:
    """A piece before it is known what learns: how its value lies, and who reads what of it; `brought` says how."""

    lies: Distribution
    own_parameters: bool
    loss: bool
    fed: bool
    reads: dict[Key, Distribution] = field(default_factory=dict)


def cut_net(
    made: Mapping[Key, Made], *, per_stage: int = 2, micro_batches: int = 1, shards: int = 0, phase: str = "train", rows: int = 2
) -> CutNet:
    """The net that these pieces make. A value is called after its piece, `v0.1`; its record has 3 numbers a worker."""
    extent = Extent(rows=(rows,) * per_stage, record=(3 * per_stage,))
    learns = learning(made)
    connections = tuple(_connections(made, learns, extent))
    return CutNet(
        phase=phase,
        workers=per_stage,
        stages=1 + max(stage for stage, _ in made),
        micro_batches=micro_batches,
        rows=extent.rows,
        nodes=(),
        connections=connections,
        pieces=tuple(_piece(key, made, learns, connections) for key in sorted(made)),
        shards=shards,
    )


def learning(made: Mapping[Key, Made]) -> set[Key]:
    """The pieces through whose value a gradient flows."""
    before: set[Key] = set()
    for key in sorted(made):
        if made[key].own_parameters or any(source in before for source in made[key].reads):
            before.add(key)
    reaching = {key for key, one in made.items() if one.loss}
    for key in sorted(made, reverse=True):
        if key in reaching:
            reaching |= set(made[key].reads)
    return before & reaching


def is_direct(made: Mapping[Key, Made], source: Key, reader: Key) -> bool:
    """Whether a piece has what it reads of another without a connection."""
    lies = made[source].lies
    return source[0] == reader[0] and lies.kind != "partial" and (lies == WHOLE or made[reader].reads[source] == lies)


def view_read(made: Mapping[Key, Made], source: Key, reader: Key) -> View:
    """The view by which a piece reads another's value."""
    return View(name(source), made[source].lies if is_direct(made, source, reader) else made[reader].reads[source])


def name(key: Key) -> str:
    """The name of a piece's value."""
    return f"v{key[0]}.{key[1]}"


def _connections(made: Mapping[Key, Made], learns: set[Key], extent: Extent) -> Sequence[Connection]:
    readers: dict[tuple[Key, int, Distribution], list[Key]] = {}
    for key in sorted(made):
        for source, wanted in made[key].reads.items():
            if not is_direct(made, source, key):
                readers.setdefault((source, key[0], wanted), []).append(key)
    return [
        Connection(
            name=f"{name(source)}>{stage}{wanted}",
            kind=pattern(made[source].lies, wanted, apart=source[0] != stage),
            value=name(source),
            source=made[source].lies,
            target=wanted,
            source_stage=source[0],
            target_stage=stage,
            extent=extent,
            returns=source in learns and any(reader in learns for reader in reading),
            consumers=tuple(map(name, reading)),
        )
        for (source, stage, wanted), reading in readers.items()
    ]


def _piece(key: Key, made: Mapping[Key, Made], learns: set[Key], connections: Sequence[Connection]) -> Piece:
    own = View(name(key), made[key].lies)
    later = [other for other in made if other[0] == key[0] and key in made[other].reads and is_direct(made, key, other)]
    sends = [one for one in connections if one.value == own.value]
    learned = key in learns and (any(other in learns for other in later) or any(one.returns for one in sends))
    views = {source: view_read(made, source, key) for source in made[key].reads}
    return Piece(
        stage=key[0],
        level=key[1],
        nodes=(own.value,),
        fields=(FieldView("d.x", BATCH),) if made[key].fed else (),
        reads=tuple(dict.fromkeys(views.values())),
        gives=(own,) if later or sends else (),
        receives=tuple(one.name for one in connections if one.consumers[0] == own.value and one.target_stage == key[0]),
        sends=tuple(one.name for one in sends),
        returns=tuple(dict.fromkeys(view for source, view in views.items() if key in learns and source in learns)),
        learned=(own,) if learned else (),
        backward="none" if key not in learns else "apart" if learned else "fused",
    )


def random_pieces(random: Random, stages: int) -> dict[Key, Made]:
    """One to three pieces a stage; each reads some of those before it."""
    made: dict[Key, Made] = {}
    for stage in range(stages):
        for level in range(random.randint(1, 3)):
            lies = random.choice([BATCH, BATCH, by_feature(1), WHOLE, PARTIAL])
            one = Made(lies, random.random() < 0.7, random.random() < 0.3, random.random() < 0.5)
            before = list(made)
            for source in random.sample(before, min(len(before), random.choice([1, 1, 2, 3]))):
                one.reads[source] = random.choice([BATCH, by_feature(1), WHOLE])
            made[stage, level] = one
    made[max(made)].loss = True
    return made
