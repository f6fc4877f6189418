"""Plays the programs of all workers of a group with names for numbers: who waits for whom, what is where when it is read.

Written from what the records say that instructions mean, without the code that makes programs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from singalang_compiler.geometry import blocks
from singalang_compiler.partition.cut_net import Connection, CutNet, Piece, View
from singalang_compiler.plan_group import (
    ClearStep,
    FeedStep,
    PullStep,
    PushStep,
    ReceiveStep,
    RunStep,
    SendStep,
    WorkerStep,
)

Sent = tuple[str, int, bool, int, int]
"""A message: connection, micro-batch, back, number of the sender, number of the receiver."""


@dataclass
class Player:
    """A worker: its program, how far it is, and its memory: by array and slot the micro-batch and whose contributions are in it."""

    number: int
    stage: int
    position: int
    program: Sequence[WorkerStep]
    slots: Mapping[str, int]
    place: int = 0
    memory: dict[tuple[str, int], tuple[int, frozenset[int]]] = field(default_factory=dict)
    gradients: Counter[tuple[int, int]] = field(default_factory=Counter)  # of parameters: (level, micro-batch)
    pushed: list[int | None] = field(default_factory=list)
    pulled: bool = False

    def write(self, array: str, micro: int) -> None:
        """Puts an array of a micro-batch into its slot."""
        self.memory[array, micro % self.slots[array]] = (micro, frozenset())

    def add(self, array: str, micro: int, level: int) -> None:
        """Adds a piece's contribution to an array; the first one overwrites what is there."""
        slot = (array, micro % self.slots[array])
        held, levels = self.memory.get(slot, (None, frozenset()))
        self.memory[slot] = (micro, (levels if held == micro else frozenset()) | {level})

    def read(self, array: str, micro: int) -> frozenset[int]:
        """What is in an array, which must be of this micro-batch."""
        held, levels = self.memory.get((array, micro % self.slots[array]), (None, frozenset()))
        assert held == micro, f"worker {self.number} reads {array} of {micro} at {self.place}, and finds that of {held}"
        return levels


class Game:
    """All workers of a group with a net, and the messages on their way."""

    def __init__(self, net: CutNet, programs: Sequence[Sequence[WorkerStep]], slots: Sequence[Mapping[str, int]]) -> None:
        self.net = net
        self.pieces = {(piece.stage, piece.level): piece for piece in net.pieces}
        self.connections = {connection.name: connection for connection in net.connections}
        self.pairs = {(one.name, back): self._pairs(one, back) for one in net.connections for back in (False, True)}
        self.under_way: set[Sent] = set()
        self.moved = Counter[str]()  # elements, by connection
        self.players = [
            Player(stage * net.workers + position, stage, position, programs[stage], slots[stage])
            for stage in range(net.stages)
            for position in range(net.workers)
        ]

    def play(self, random: Random) -> None:
        """To the end, any worker that can go on taking the next turn."""
        waiting = [player for player in self.players if player.program]
        stuck: set[int] = set()
        while waiting:
            player = random.choice([one for one in waiting if one.number not in stuck])
            if self._can_go_on(player):
                self._do(player, player.program[player.place])
                player.place += 1
                stuck.clear()
                waiting = [one for one in waiting if one.place < len(one.program)]
            else:
                stuck.add(player.number)
            assert len(stuck) < max(len(waiting), 1), f"all wait: {[one.program[one.place] for one in waiting]}"
        assert not self.under_way, f"nobody took {self.under_way}"

    def _can_go_on(self, player: Player) -> bool:
        step = player.program[player.place]
        return not isinstance(step, ReceiveStep) or self._awaited(player, step) <= self.under_way

    def _awaited(self, player: Player, step: ReceiveStep) -> set[Sent]:
        pairs = self.pairs[step.connection, step.back]
        return {(step.connection, step.micro, step.back, *ends) for ends in pairs if ends[1] == player.number}

    def _pairs(self, one: Connection, back: bool) -> Counter[tuple[int, int]]:
        """The elements that a connection moves from one worker to another."""
        found = Counter[tuple[int, int]]()
        for block in blocks(one.extent, one.source, one.target):
            giver, taker = one.source_stage * self.net.workers + block.source, one.target_stage * self.net.workers + block.target
            if giver != taker:
                found[(taker, giver) if back else (giver, taker)] += block.size
        return found

    def _do(self, player: Player, step: WorkerStep) -> None:
        match step:
            case FeedStep(micro=micro):
                for array in {one.name for piece in self.net.of_stage(player.stage) for one in piece.fields}:
                    player.write(array, micro)
            case RunStep(call=call, micro=micro):
                kind, _, level = call.partition("/")
                self._run(player, kind, self.pieces[player.stage, int(level)], micro)
            case SendStep(connection=name, micro=micro, back=back):
                self._send(player, self.connections[name], micro, back)
            case ReceiveStep(connection=name, micro=micro, back=back):
                self.under_way -= self._awaited(player, step)
                self._put_together(player, self.connections[name], micro, back)
            case ClearStep():
                assert not player.gradients
            case PushStep(micro=shard):
                self._push(player, shard)
            case PullStep():
                assert player.pushed
                player.pulled = True

    def _run(self, player: Player, kind: str, piece: Piece, micro: int) -> None:
        for name in (*(view.name for view in piece.fields), *(view.name for view in piece.reads)):
            player.read(name, micro)
        assert kind == {"none": "forward", "fused": "step"}.get(piece.backward, kind)
        if kind != "backward":
            for view in piece.gives:
                player.write(view.name, micro)
        if kind == "forward" and piece.backward == "apart":
            player.write(f"kept/{piece.level}", micro)
        if kind != "forward":
            self._go_back(player, kind, piece, micro)

    def _go_back(self, player: Player, kind: str, piece: Piece, micro: int) -> None:
        if kind == "backward":
            player.read(f"kept/{piece.level}", micro)
        for view in piece.learned:
            contributing = self._returning(player.stage, view)
            if contributing:
                found = player.read(f"gradient/{view.name}", micro)
                assert found == contributing, f"gradient/{view.name} of {micro} lacks {contributing - found}"
            for one in map(self.connections.__getitem__, piece.sends):
                if one.returns and View(one.value, one.source) == view:
                    player.read(f"gradient/{view.name}/{one.name}", micro)
        for view in piece.returns:
            player.add(f"gradient/{view.name}", micro, piece.level)
        player.gradients[piece.level, micro] += 1

    def _returning(self, stage: int, view: View) -> frozenset[int]:
        return frozenset(piece.level for piece in self.net.of_stage(stage) if view in piece.returns)

    def _send(self, player: Player, connection: Connection, micro: int, back: bool) -> None:
        target = View(connection.value, connection.target)
        if back:
            found, contributing = player.read(f"gradient/{target.name}", micro), self._returning(player.stage, target)
            assert found == contributing != frozenset(), f"gradient/{target.name} of {micro} lacks {contributing - found}"
        else:
            player.read(View(connection.value, connection.source).name, micro)
        for ends, size in self.pairs[connection.name, back].items():
            if ends[0] == player.number:
                one = (connection.name, micro, back, *ends)
                assert one not in self.under_way
                self.under_way.add(one)
                self.moved[connection.name] += size

    def _put_together(self, player: Player, connection: Connection, micro: int, back: bool) -> None:
        source, target = View(connection.value, connection.source), View(connection.value, connection.target)
        if connection.source_stage == connection.target_stage:
            player.read(f"gradient/{target.name}" if back else source.name, micro)
        player.write(f"gradient/{source.name}/{connection.name}" if back else target.name, micro)

    def _push(self, player: Player, shard: int | None) -> None:
        learning = {piece.level for piece in self.net.of_stage(player.stage) if piece.backward != "none"}
        micros = range(self.net.micro_batches) if shard is None else (shard,)
        assert player.gradients == Counter({(level, micro): 1 for level in learning for micro in micros})
        player.gradients.clear()
        player.pushed.append(shard)
