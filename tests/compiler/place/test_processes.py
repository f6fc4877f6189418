"""Processes: which there are, and who lives where."""

from __future__ import annotations

import pytest

from singalang_compiler.job import Topology
from singalang_compiler.place.placed import Process
from singalang_compiler.place.processes import homes_of, process_names, processes_of


def topology(workers: int, servers: int, separate: bool = False, groups: int = 1) -> Topology:
    """A topology of groups of workers and one group of servers."""
    return Topology(name="t", worker_groups=groups, workers_per_group=workers, servers_per_group=servers, separate=separate)


FIRST = ("coordinator", "worker", "server")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (topology(1, 1), (Process("worker-0", FIRST),)),
        (topology(4, 4), (Process("worker-0", FIRST), Process("worker-1", ("worker", "server"), 3))),
        (
            topology(5, 2),
            (Process("worker-0", FIRST), Process("worker-1", ("worker", "server")), Process("worker-2", ("worker",), 3)),
        ),
        (topology(2, 4), (Process("worker-0", FIRST), Process("worker-1", FIRST[1:]), Process("server-2", ("server",), 2))),
        (
            topology(3, 2, separate=True),
            (
                Process("worker-0", ("coordinator", "worker")),
                Process("worker-1", ("worker",), 2),
                Process("server-0", ("server",), 2),
            ),
        ),
        (topology(2, 1, groups=3), (Process("worker-0", FIRST), Process("worker-1", ("worker",), 5))),
    ],
)
def test_those_that_do_the_same_are_counted(given: Topology, wanted: tuple[Process, ...]) -> None:
    assert processes_of([homes_of(given)]) == wanted


def test_servers_live_with_the_workers_of_their_numbers() -> None:
    assert homes_of(topology(2, 3)) == {
        "worker-0": "worker-0",
        "worker-1": "worker-1",
        "server-0": "worker-0",
        "server-1": "worker-1",
        "server-2": "server-2",
    }
    assert homes_of(topology(1, 1, separate=True)) == {"worker-0": "worker-0", "server-0": "server-0"}


def test_sections_of_several_topologies_share_the_processes_of_the_largest() -> None:
    found = processes_of([homes_of(topology(1, 1, separate=True)), homes_of(topology(3, 2)), homes_of(topology(2, 1))])
    assert found == (
        Process("worker-0", FIRST),
        Process("worker-1", ("worker", "server")),
        Process("worker-2", ("worker",)),
        Process("server-0", ("server",)),
    )


def test_a_record_stands_for_processes_of_following_numbers() -> None:
    assert list(process_names(Process("worker-2", ("worker",), 3))) == ["worker-2", "worker-3", "worker-4"]
    assert list(process_names(Process("server-7", ("server",)))) == ["server-7"]


def test_all_homes_are_among_the_processes() -> None:
    given = [topology(7, 9), topology(3, 2, separate=True)]
    listed = {name for process in processes_of(map(homes_of, given)) for name in process_names(process)}
    assert listed == {home for one in given for home in homes_of(one).values()}
