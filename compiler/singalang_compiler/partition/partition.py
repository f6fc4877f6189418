"""From shapes to nets cut among workers: the stage that decides how every layer is partitioned, and what has to move."""

from __future__ import annotations

from singalang_compiler.job import Job, Topology, Train
from singalang_compiler.partition.cut_net import CutSection, Partitioned
from singalang_compiler.shaped import ShapedJob
from singalang_grammar.diagnostics import Outcome


def partition(shaped: ShapedJob) -> Outcome[Partitioned]:
    """Cuts the nets of every train section by the topology that serves it. Imports no JAX."""
    sections = tuple(_section(shaped.job, number, train) for number, train in enumerate(shaped.job.trains))
    return Outcome(Partitioned(shaped, sections))


def topology_of(job: Job, train: Train) -> Topology:
    """The topology that serves a train section: its own, or the chosen one."""
    return job.topologies.get(train.topology, job.topology) if train.topology else job.topology


def is_whole(topology: Topology) -> bool:
    """Whether one worker does all with one server beside it, a whole batch at a time: one kernel then does a step."""
    servers = topology.server_groups * topology.servers_per_group
    alone = topology.workers == 1 and servers == 1 and not topology.separate
    return alone and topology.micro_batches == 1 and not topology.sync.exact


def _section(job: Job, number: int, train: Train) -> CutSection:
    topology = topology_of(job, train)
    return CutSection(train=number, topology=topology, whole=is_whole(topology))
