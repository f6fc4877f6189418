"""Plans of one program by several topologies, compiled once for the tests of the commands that read plans."""

from __future__ import annotations

from pathlib import Path

import msgspec

from singalang_compiler.pipeline import Request, compile_program
from singalang_compiler.plan import Plan, to_bytes
from singalang_compiler.plan_group import GroupRecord
from tests.commands.shell import PROGRAM

TOPOLOGIES = """
topology cut {
  workers   = groups(1, size = 2)
  partition = batch
  on fc1 { partition = feature }
}

topology staged {
  workers       = groups(1, size = 4)
  servers       = groups(1, size = 2)
  separate      = true
  partition     = batch
  micro_batches = 4
  on fc1, relu1 { stage = 0 }
  on out, loss { stage = 1 }
}

topology chosen {
  workers   = groups(1, size = 4)
  servers   = groups(1, size = 3)
  partition = auto
  on fc1 { remat = true }
}
"""


def write_plans(folder: Path, *topologies: str) -> None:
    """Writes first.singa into a folder, and its plan by each of the topologies, called after it."""
    program = folder / "first.singa"
    program.write_text(PROGRAM + TOPOLOGIES, encoding="utf-8")
    for topology in topologies:
        compiled = compile_program(Request(str(program), topology=topology)).value
        assert compiled is not None
        (folder / f"{topology}.json").write_bytes(to_bytes(compiled.plan))


def read(folder: Path, name: str) -> Plan:
    """A plan of a folder."""
    return msgspec.json.decode((folder / f"{name}.json").read_bytes(), type=Plan)


def group_of(plan: Plan) -> GroupRecord:
    """The group that does the first section of a plan."""
    group = plan.sections[0].group
    assert group is not None
    return group
