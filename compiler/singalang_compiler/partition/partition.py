"""From shapes to nets cut among workers: the stage that decides how every layer is partitioned, and what has to move."""

from __future__ import annotations

from singalang_compiler.job import Job, Topology, Train
from singalang_compiler.machine import Machine
from singalang_compiler.partition.cut_net import CutSection, Partitioned
from singalang_compiler.partition.ties import contradictory_ties
from singalang_compiler.shaped import ShapedJob
from singalang_grammar.diagnostics import Outcome


def partition(shaped: ShapedJob, machine: Machine) -> Outcome[Partitioned]:
    """Cuts the nets of every train section by the topology that serves it. Imports no JAX.

    `machine` is what the costs of choices are reckoned for. A section with a mistake has no nets.
    """
    problems = list(contradictory_ties(shaped))
    sections: list[CutSection] = []
    for number, train in enumerate(shaped.job.trains):
        topology = topology_of(shaped.job, train)
        if is_whole(topology):
            sections.append(CutSection(train=number, topology=topology, whole=True))
            continue
        from singalang_compiler.partition.section import cut_section  # only where something is cut: checking starts sooner

        outcome = cut_section(shaped, number, topology, machine)
        problems += outcome.diagnostics
        sections.append(outcome.value or CutSection(train=number, topology=topology, whole=False))
    return Outcome(Partitioned(shaped, tuple(sections)), tuple(dict.fromkeys(problems)))


def topology_of(job: Job, train: Train) -> Topology:
    """The topology that serves a train section: its own, or the chosen one."""
    return job.topologies.get(train.topology, job.topology) if train.topology else job.topology


def is_whole(topology: Topology) -> bool:
    """Whether one worker does all with one server beside it, a whole batch at a time: one kernel then does a step."""
    servers = topology.server_groups * topology.servers_per_group
    alone = topology.workers == 1 and servers == 1 and not topology.separate
    return alone and topology.micro_batches == 1 and not topology.sync.exact
