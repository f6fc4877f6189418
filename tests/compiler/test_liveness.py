"""Which arrays are held when: every array from where it is made to where it is read last."""

from __future__ import annotations

import random
from collections.abc import Sequence

from singalang_compiler.geometry import BATCH, WHOLE, Extent
from singalang_compiler.liveness import Moment, alive, lasting, server_moments, worker_moments
from singalang_compiler.plan_group import (
    ArrayRecord,
    CallRecord,
    ClearStep,
    CollectStep,
    ConnectionRecord,
    FeedStep,
    GroupRecord,
    NormStep,
    PublishStep,
    PullStep,
    PushStep,
    ReceiveStep,
    RoleRecord,
    RunStep,
    SendStep,
    ServerStep,
    WorkerStep,
)


def call(inputs: Sequence[str], outputs: Sequence[str]) -> CallRecord:
    """A call that does nothing else."""
    return CallRecord(kernel="k", inputs=tuple(inputs), outputs=tuple(outputs), flops=0, temporary_bytes=0, compute_s=0.0)


def array(name: str, slots: int = 1) -> ArrayRecord:
    """An array of one number."""
    return ArrayRecord(name=name, dtype="float32", shape=(1,), slots=slots)


def gather(name: str, value: str, phase: str = "train") -> ConnectionRecord:
    """Pieces of a batch become the whole."""
    return ConnectionRecord(
        name=name,
        kind="all_gather",
        phase=phase,
        value=value,
        source=BATCH,
        target=WHOLE,
        source_stage=0,
        target_stage=0,
        extent=Extent(rows=(2, 2), record=(1,)),
        dtype="float32",
        returns=True,
        consumers=(),
        step_bytes=0,
    )


def group(
    calls: dict[str, CallRecord],
    arrays: Sequence[ArrayRecord],
    step: Sequence[WorkerStep],
    connections: Sequence[ConnectionRecord] = (),
    server_step: Sequence[ServerStep] = (),
    server_calls: dict[str, CallRecord] | None = None,
    evaluate: dict[str, tuple[WorkerStep, ...]] | None = None,
) -> GroupRecord:
    """A group of two workers with one role."""
    role = RoleRecord(
        name="all",
        stage=0,
        workers=(0, 1),
        rows=2,
        parameters=(),
        trained=("parameters/small",),
        state=(),
        arrays=tuple(arrays),
        calls=calls,
        step=tuple(step),
        evaluate=evaluate or {},
    )
    return GroupRecord(
        workers=2,
        stages=1,
        micro_batches=1,
        shards=0,
        rows=(2, 2),
        evaluate_rows={},
        stored=(),
        connections=tuple(connections),
        roles=(role,),
        servers=(),
        server_step=tuple(server_step),
        server_calls=server_calls or {},
        slots=(),
        processes={},
        links=(),
        memory=(),
        step_s=0.0,
    )


def dying(moments: Sequence[Moment]) -> list[set[str]]:
    """The names of what dies, instruction by instruction."""
    return [{f"{name}:{slot}" for name, slot in moment.dies} for moment in moments]


CUT = group(
    {
        "forward/0": call(["parameters/small", "d.x@batch", "key"], ["a@batch", "kept/0/0"]),
        "step/1": call(["parameters/small", "a@whole", "metrics"], ["gradients/small", "gradient/a@whole", "metrics"]),
        "backward/0": call(
            ["parameters/small", "kept/0/0", "gradient/a@batch/all_gather(a)", "gradients/small"], ["gradients/small"]
        ),
    },
    [
        *map(array, ("d.x@batch", "a@batch", "a@whole", "kept/0/0", "gradients/small", "gradient/a@whole", "metrics")),
        array("gradient/a@batch/all_gather(a)"),
    ],
    [
        FeedStep(),
        RunStep(call="forward/0"),
        SendStep(connection="all_gather(a)"),
        ReceiveStep(connection="all_gather(a)"),
        RunStep(call="step/1"),
        SendStep(connection="all_gather(a)", back=True),
        ReceiveStep(connection="all_gather(a)", back=True),
        RunStep(call="backward/0"),
        PushStep(),
        PullStep(),
    ],
    [gather("all_gather(a)", "a")],
)


def test_an_array_dies_where_it_is_read_last() -> None:
    moments = worker_moments(CUT, CUT.roles[0], "train")
    assert dying(moments) == [
        set(),
        {"d.x@batch:0"},
        set(),
        {"a@batch:0"},  # its own part goes into the whole here
        {"a@whole:0"},
        set(),
        {"gradient/a@whole:0"},
        {"kept/0/0:0", "gradient/a@batch/all_gather(a):0"},
        {"gradients/small:0"},
        set(),
    ]
    assert moments[0].makes == (("d.x@batch", 0),)


def test_what_goes_on_from_step_to_step_never_dies() -> None:
    moments = worker_moments(CUT, CUT.roles[0], "train")
    assert lasting(moments) == {("metrics", 0)}
    assert all(("metrics", 0) in held for _, held in alive(moments))


def test_micro_batches_have_slots_of_their_own() -> None:
    calls = {
        "forward/0": call(["d.x@batch"], ["kept/0/0"]),
        "backward/0": call(["kept/0/0", "gradients/small"], ["gradients/small"]),
    }
    run = [("forward/0", 0), ("forward/0", 1), ("backward/0", 0), ("forward/0", 2), ("backward/0", 1), ("backward/0", 2)]
    feeds = [step for name, micro in run for step in ([FeedStep(micro=micro)] if name == "forward/0" else [])]
    program: list[WorkerStep] = [ClearStep(), *feeds, *(RunStep(call=name, micro=micro) for name, micro in run), PushStep()]
    one = group(calls, [array("d.x@batch", 3), array("kept/0/0", 2), array("gradients/small")], program)
    found = list(alive(worker_moments(one, one.roles[0], "train")))
    kept = [sorted(slot for name, slot in held if name == "kept/0/0") for _, held in found]
    assert kept == [[], [], [], [], [0], [0, 1], [0, 1], [0, 1], [0, 1], [0], []]
    assert all(("gradients/small", 0) in held for _, held in found)
    assert found[-1][0].dies == (("gradients/small", 0),)


def test_an_evaluation_has_connections_of_its_own_phase() -> None:
    calls = {"evaluate/test/0": call(["d.x@batch"], ["b@batch"]), "evaluate/test/1": call(["b@whole"], ["metrics"])}
    program = (
        FeedStep(),
        RunStep(call="evaluate/test/0"),
        SendStep(connection="c"),
        ReceiveStep(connection="c"),
        RunStep(call="evaluate/test/1"),
    )
    connections = [gather("c", "other"), gather("c", "b", "test")]
    arrays = list(map(array, ("d.x@batch", "b@batch", "b@whole")))
    one = group(calls, arrays, [], connections, evaluate={"test": program})
    moments = worker_moments(one, one.roles[0], "test")
    assert dying(moments) == [set(), {"d.x@batch:0"}, set(), {"b@batch:0"}, {"b@whole:0"}]
    assert worker_moments(one, one.roles[0], "val") == ()


def test_a_server_forgets_gradients_when_it_has_used_them() -> None:
    calls = {
        "square_sum": call(["gradient"], ["squares"]),
        "update": call(["value", "gradient", "slots/mean", "step", "squares"], ["value", "slots/mean"]),
    }
    program: list[ServerStep] = [CollectStep(), RunStep(call="square_sum"), NormStep(), RunStep(call="update"), PublishStep()]
    moments = server_moments(group({}, [], [], server_step=program, server_calls=calls))
    assert dying(moments) == [set(), set(), set(), {"gradient:0", "squares:0"}, set()]
    assert not lasting(moments)


def test_random_programs_hold_what_is_read_later() -> None:
    """An array is held from where it is made to the last place that takes it before it is made again."""
    drawn = random.Random(1)
    for _ in range(200):
        names = [f"v{place}" for place in range(5)]
        calls, made = {}, set[str]()
        for number in range(12):
            takes = drawn.sample(sorted(made), min(len(made), drawn.randint(0, 3)))
            makes = drawn.sample(names, drawn.randint(1, 2))
            calls[f"c{number}"] = call(takes, makes)
            made |= set(makes)
        one = group(calls, [array(name) for name in names], [RunStep(call=name) for name in calls])
        found = [{name for name, _ in held} for _, held in alive(worker_moments(one, one.roles[0], "train"))]
        assert found == [{name for name in names if _needed(name, place, list(calls.values()))} for place in range(12)]


def _needed(name: str, place: int, calls: Sequence[CallRecord]) -> bool:
    if name in calls[place].inputs or name in calls[place].outputs:
        return True
    later = next((one for one in calls[place + 1 :] if name in one.inputs or name in one.outputs), None)
    return any(name in one.outputs for one in calls[:place]) and later is not None and name in later.inputs
