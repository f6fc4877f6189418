"""The machines carry out the programs that the compiler makes: a net under topologies of every sort, orders drawn at random."""

from __future__ import annotations

from random import Random

import pytest

from singalang_compiler.place.placed import Placed, PlacedSection
from singalang_compiler.plan_group import ConnectionRecord, GroupRecord, NormStep, RoleRecord, RunStep
from singalang_runtime.protocol.group import GroupView, server_name, worker_name
from singalang_runtime.protocol.step_worker import StepWorker
from singalang_runtime.protocol.steps import Arrived, EvaluationEnded, EvaluationWanted, Message, Post
from tests.programs import compiled, net
from tests.runtime.protocol.explore import Role
from tests.runtime.protocol.roles import Keeper, Trainer
from tests.runtime.protocol.straight import Straight
from tests.runtime.protocol.symbols import Symbols
from tests.runtime.protocol.test_orders import check_end

CNN = """
  logits = digits.image -> conv1: conv(8, kernel = 3, pad = 1) -> bn1: batchnorm -> relu -> pool1: maxpool(2)
    -> fc1: dense(32) -> relu2: relu -> fc2: dense(10)
  loss = (logits, digits.label) -> softmax_loss
"""
TRAIN = """
updater sgd {{ lr = 0.1 {} }}
train {{ steps = 10 }}
"""
TOPOLOGIES = {
    "batch": "workers = groups(1, size = 4)",
    "feature": "workers = groups(1, size = 2) partition = feature",
    "hybrid": "workers = groups(1, size = 4) on fc1 { partition = feature }",
    "apart": "workers = groups(1, size = 2) servers = groups(1, size = 3) separate = true",
    "stages": "workers = groups(1, size = 2) micro_batches = 4 on conv1..pool1 { stage = 0 } on fc1..loss { stage = 1 }",
    "both": "workers = groups(1, size = 4) partition = feature on conv1..pool1 { stage = 0 } on fc1..loss { stage = 1 }",
    "exact": "workers = groups(1, size = 2) sync { exact = true, shards = 4 }",
}
PLAIN = CNN.replace(" -> bn1: batchnorm", "")
"""Without batch statistics, which neither shards nor micro-batches allow."""


def group_of(placed: PlacedSection) -> GroupRecord:
    """The record of a placed section without kernels."""
    cut = placed.cut
    train = cut.nets["train"]
    return GroupRecord(
        workers=train.workers * train.stages,
        stages=train.stages,
        micro_batches=train.micro_batches,
        shards=train.shards,
        rows=train.rows,
        evaluate_rows={},
        stored=placed.stored,
        connections=tuple(
            ConnectionRecord(
                name=one.name,
                kind=one.kind,
                phase=phase,
                value=one.value,
                source=one.source,
                target=one.target,
                source_stage=one.source_stage,
                target_stage=one.target_stage,
                extent=one.extent,
                dtype="float32",
                returns=one.returns,
                consumers=one.consumers,
                step_bytes=0,
            )
            for phase, cut_net in cut.nets.items()
            for one in cut_net.connections
        ),
        roles=tuple(
            RoleRecord(
                name=role.name,
                stage=role.stage,
                workers=role.workers,
                rows=role.rows,
                parameters=(),
                trained=(),
                state=(),
                arrays=(),
                calls={},
                step=role.step,
                evaluate=dict(role.evaluate),
            )
            for role in placed.roles
        ),
        servers=placed.servers,
        server_step=placed.server_step,
        server_calls={},
        slots=(),
        processes=dict(placed.processes),
        links=(),
        memory=(),
        step_s=0.0,
    )


def group(topology: str, clip: bool = False) -> GroupRecord:
    """The group that the compiler makes of a small net."""
    body = PLAIN if topology in ("stages", "exact") else CNN
    text = net(body, TRAIN.format("clip_norm = 1" if clip else "")) + f"\ntopology t {{ {TOPOLOGIES[topology]} }}\n"
    outcome = compiled(text)
    assert isinstance(outcome.value, Placed) and not outcome.failed, outcome.diagnostics
    [section] = outcome.value.sections
    return group_of(section)


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_steps_end_and_come_to_what_the_programs_say(topology: str, clip: bool) -> None:
    record = group(topology, clip)
    assert record.workers > 1 and (NormStep() in record.server_step) == clip
    view, symbols, draw = GroupView(record), Symbols(), Random(1)
    workers: dict[str, Role] = {worker_name(one): Trainer(view, one, symbols, 2) for one in range(record.workers)}
    roles = workers | {server_name(one): Keeper(view, one, symbols) for one in range(len(record.servers))}
    waiting = [one for role in roles.values() for one in role.begin()]
    assert waiting, "somebody gives somebody something"
    while waiting:
        said = waiting.pop(draw.randrange(len(waiting)))
        waiting += roles[said.to].hear(said.what)
    check_end(roles, Straight(record, symbols, 2), 2)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_evaluations_end_on_every_worker(topology: str) -> None:
    view = GroupView(group(topology))
    workers = {worker_name(one): StepWorker(view, one) for one in range(view.group.workers)}
    ended = set()
    waiting: list[tuple[str, EvaluationWanted | Arrived]] = [(name, EvaluationWanted("test", 3)) for name in workers]
    while waiting:
        name, event = waiting.pop()
        for one in workers[name].handle(event):
            if isinstance(one, Post):
                message: Message = one.message
                waiting.append((message.receiver, Arrived(message)))
            elif isinstance(one, EvaluationEnded):
                ended.add(name)
    assert ended == set(workers)


def test_servers_compute_their_square_sums_before_they_exchange_them() -> None:
    steps = group("batch", clip=True).server_step
    assert steps[steps.index(NormStep()) - 1] == RunStep(call="square_sum")
