"""What a machine must have for the processes of a plan, told with figures before any is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from singalang_compiler.pipeline import Request, compile_program
from singalang_compiler.plan import Plan
from singalang_grammar.diagnostics import Severity
from singalang_runtime.feed.fingerprint import FilePrint, SourcePrint, changed
from singalang_runtime.processes.room import IDLE_BYTES, check_cores, check_memory, check_room, check_system, needed_bytes
from tests.commands.shell import PROGRAM

PATH = Path("plan.json")
GB = 10**9


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    folder = tmp_path_factory.mktemp("room")
    path = folder / "first.singa"
    path.write_text(
        PROGRAM + "topology apart { preset = sandblaster, servers = groups(1, size = 2), workers = groups(1, size = 2) }\n"
    )
    compiled = {name: compile_program(Request(str(path), topology=name)).value for name in ("laptop", "pair", "apart")}
    return {name: one.plan for name, one in compiled.items() if one is not None}


def test_a_plan_of_one_process_needs_nothing(plans: dict[str, Plan]) -> None:
    assert check_room(plans["laptop"], PATH) == check_system(plans["laptop"], PATH, "win32") == ()
    assert check_cores(plans["laptop"], PATH, 0) == check_memory(plans["laptop"], PATH, 0, 0) == ()


@pytest.mark.parametrize(("system", "named"), [("win32", "Windows"), ("darwin", "macOS"), ("freebsd14", "freebsd14")])
def test_other_systems_are_refused_with_a_way_out(system: str, named: str, plans: dict[str, Plan]) -> None:
    [told] = check_system(plans["pair"], PATH, system)
    assert (told.code, told.severity) == ("E0709", Severity.ERROR)
    assert told.title == f"the plan is for 2 processes, and {named} can run one"
    assert told.hint is not None and "--local" in told.hint and ("WSL" in told.hint) == (system == "win32")
    assert check_system(plans["pair"], PATH, "linux") == ()


def test_cores_are_counted_for_the_processes_that_work_all_the_time(plans: dict[str, Plan]) -> None:
    for name in ("pair", "apart"):  # servers apart work while workers wait
        assert check_cores(plans[name], PATH, 2) == ()
        [told] = check_cores(plans[name], PATH, 1)
        assert (told.code, told.severity) == ("E0911", Severity.WARNING)
        assert told.title == "2 processes share 1 core"
        assert told.hint == "a topology of one process is likely to be faster here"


def test_memory_is_that_of_all_processes_with_what_each_holds_idle(plans: dict[str, Plan]) -> None:
    [section] = plans["apart"].sections
    needed = needed_bytes(section)
    assert [name for name, _ in needed] == ["server-0", "server-1", "worker-0", "worker-1"]
    assert section.group is not None
    total = sum(count for _, count in needed)
    assert total == 4 * IDLE_BYTES + sum(one.total * one.count for one in section.group.memory)
    assert check_memory(plans["apart"], PATH, total, total) == ()
    [told] = check_memory(plans["apart"], PATH, total - 1, total)
    assert (told.code, told.severity) == ("E0912", Severity.WARNING)
    assert told.title == "the 4 processes may need 0.4 GB of memory in all, and 0.4 GB are free"
    [told] = check_memory(plans["apart"], PATH, GB // 10, total - 1)
    assert told.severity == Severity.ERROR
    assert told.title == "the 4 processes may need 0.4 GB of memory in all, and the machine has 0.4 GB"
    assert told.where is not None and told.where.count("0.1 GB") == 4


def test_data_that_a_process_finds_changed_are_named() -> None:
    print_of = {name: SourcePrint(records=50, files=(FilePrint(path="x.npz", bytes=9, sha256=name),)) for name in ("then", "now")}
    [told] = changed({"d.train": print_of["then"]}, {"d.train": print_of["now"], "d.test": print_of["now"]})
    assert told.code == "E0608" and told.where == "it has another content of `x.npz`"
    assert changed({"d.train": print_of["now"]}, {"d.train": print_of["now"]}) == ()
