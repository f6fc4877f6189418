from __future__ import annotations

import pytest

from singalang_compiler.job import Placing, Sync, Topology
from tests.compiler.resolve.in_memory import DATA, blamed, codes, job

NET = "net n { h = d.x -> a: dense(8) -> relu -> b: dense(4) -> c: dense(3) }\n"


def topology(body: str) -> Topology:
    return job(DATA + NET + "topology t { " + body + " }\n").topologies["t"]


def faults(body: str) -> list[tuple[str, str]]:
    return blamed(DATA + NET + "topology t { " + body + " }\n")


def test_a_topology_is_read_whole() -> None:
    made = topology(
        "workers = groups(2, size = 4), servers = groups(2, size = 1), separate = true, partition = none, link = (10Gbps, 25us),\n"
        "memory = 2GiB, micro_batches = 4, remat = true, restarts = none, heartbeat = 500ms, warmup_steps = 3,\n"
        "sync { every = 10, staleness = none, outer = nesterov(0.7), combine = sum, fragments = 2, overlap = 1, mix = 0.5,\n"
        "  deltas = int8, quorum = 2, deadline = 10s }, on a { partition = feature, device = 1 }\n"
        "on b..c { stage = 1, remat = false }"
    )
    assert (made.worker_groups, made.workers_per_group, made.server_groups, made.servers_per_group) == (2, 4, 2, 1)
    assert (made.separate, made.partition, made.link_bits_per_s, made.link_latency_s) == (True, "none", 1e10, 25e-6)
    assert (made.memory_bytes, made.micro_batches, made.remat, made.restarts) == (2 * 2**30, 4, True, None)
    assert (made.heartbeat_s, made.warmup_steps, made.workers) == (0.5, 3, 8)
    sync = made.sync
    assert (sync.every, sync.staleness, sync.combine, sync.fragments, sync.overlap, sync.mix) == (10, None, "sum", 2, 1, 0.5)
    assert (sync.deltas, sync.quorum, sync.deadline_s) == ("int8", 2, 10.0)
    assert sync.outer is not None and sync.outer.attributes == {"rate": 0.7, "momentum": 0.9}
    assert made.placing == {
        ("n", "a"): Placing(partition="feature", device="1", named=True),
        ("n", "b"): Placing(stage=1, remat=False),
        ("n", "c"): Placing(stage=1, remat=False),
    }


def test_presets_fill_in_what_is_not_said() -> None:
    allreduce = topology("preset = allreduce, workers = groups(1, size = 4)")
    assert (allreduce.separate, allreduce.server_groups, allreduce.servers_per_group) == (False, 1, 4)
    downpour = topology("preset = downpour, workers = groups(4, size = 2), sync { every = 3 }")
    assert (downpour.separate, downpour.sync) == (True, Sync(every=3, staleness=None))
    hogwild = topology("preset = hogwild(locks = false), workers = groups(4, size = 1)")
    assert (hogwild.preset, hogwild.sync.combine, hogwild.sync.staleness) == ("hogwild(locks = false)", "sum", None)
    diloco = topology("preset = diloco, workers = groups(2, size = 2)")
    assert (diloco.server_groups, diloco.sync.every) == (2, 500)
    assert diloco.sync.outer is not None and diloco.sync.outer.name == "nesterov"


def test_every_preset_is_whole() -> None:
    for preset in ("allreduce", "sandblaster", "downpour", "hogwild", "local_sgd", "easgd", "diloco", "streaming_diloco"):
        assert topology(f"preset = {preset}, workers = groups(1, size = 2)").preset == preset


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("workers = groups(0)", ("E0113", "0")),
        ("workers = 4", ("E0112", "4")),
        ("preset = downpore", ("E0111", "downpore")),
        ("memory = 4GB", ("E0117", "GB")),
        ("memory = 4s", ("E0118", "4s")),
        ("heartbeat = 2", ("E0118", "2")),
        ("micro_batches = 2s", ("E0118", "2s")),
        ("link = (10Gbps, 3)", ("E0118", "3")),
        ("sync { evry = 3 }", ("E0110", "evry")),
        ("sync { every = 0 }", ("E0113", "0")),
        ("snc { every = 3 }", ("E0121", "snc")),
        ("on z { stage = 0 }", ("E0207", "z")),
        ("on c..a { stage = 0 }", ("E0207", "c..a")),
        ("on a { stag = 0 }", ("E0110", "stag")),
        ("on a { weight = 0 }", ("E0110", "weight")),
        ("workers = groups(1, size = 3)", ("E0501", "workers = groups(1, size = 3)")),
        ("on a { stage = 1 }", ("E0502", "1")),
        ("preset = allreduce, workers = groups(2)", ("E0504", "groups(2)")),
        ("preset = allreduce, separate = true", ("E0504", "true")),
        ("preset = allreduce, sync { staleness = 2 }", ("E0504", "2")),
        ("sync { quorum = 2 }", ("E0506", "2")),
        ("sync { every = 2, overlap = 3 }", ("E0506", "3")),
        ("sync { shards = 4 }", ("E0506", "4")),
        ("workers = groups(1, size = 2), sync { exact = true, shards = 3 }", ("E0506", "3")),
        ("workers = groups(2), sync { exact = true }", ("E0506", "true")),
        ("on relu1 { stage = 0 }", ("E0132", "relu1")),
    ],
)
def test_a_mistake_in_a_topology_is_blamed(body: str, fault: tuple[str, str]) -> None:
    assert faults(body) == [fault]


def test_later_rules_win() -> None:
    made = topology("on all dense { partition = feature }, on b { partition = batch }")
    assert {name: one.partition for (_, name), one in made.placing.items()} == {"a": "feature", "b": "batch", "c": "feature"}


def test_layers_of_several_nets_are_told_apart_by_the_net() -> None:
    text = DATA + "net one { h = d.x -> a: dense(4) }\nnet two { g = d.x -> a: dense(4) }\n"
    both = job(text + "topology t { on a { stage = 0 } }\n").topologies["t"].placing
    only = job(text + "topology t { on two.a { stage = 0 } }\n").topologies["t"].placing
    assert list(both) == [("one", "a"), ("two", "a")]
    assert list(only) == [("two", "a")]


def test_the_first_topology_is_chosen_and_another_by_name_or_from_another_file() -> None:
    text = DATA + NET + "topology one { }\ntopology two { workers = groups(1, size = 2) }\n"
    assert job(text).topology.name == "one"
    assert job(text, topology="two").topology.name == "two"
    assert job(DATA + NET).topology.workers == 1
    files = {"clusters.singa": "topology eight { workers = groups(1, size = 8) }\n"}
    assert job(text, files, topology="clusters.singa:eight").topology.workers == 8
    assert codes(text, topology="too") == ["E0503"]
    assert codes(text, files, topology="clusters.singa:nine") == ["E0503"]
    assert codes(text, topology="gone.singa:nine") == ["E0105"]


def test_a_batch_list_needs_a_share_for_each_worker() -> None:
    data = 'data d { x: f32[4], y: class(3), train = csv("a.csv", batch = [6, 2]) }\n'
    assert codes(data + NET + "topology t { workers = groups(1, size = 2) }\n") == []
    assert codes(data + NET + "topology t { workers = groups(1, size = 4) }\n") == ["E0505"]
    assert codes(data + NET + "topology t { workers = groups(4) }\n") == []


def test_stages_do_not_cut_the_batch() -> None:
    text = DATA + NET + "topology t { workers = groups(1, size = 3), on a { stage = 0 }, on b..c { stage = 2 } }\n"
    assert codes(text) == []
