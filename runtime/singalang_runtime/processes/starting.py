"""Starts the processes of a train section, before anything is known but the plan."""

from __future__ import annotations

from singalang_compiler.plan import Plan
from singalang_runtime.processes.cast import Cast
from singalang_runtime.processes.cores import available, shares
from singalang_runtime.processes.crowd import Crowd


def start_crowd(plan: Plan, section: int) -> Crowd:
    """The processes of a section, each with its share of the cores; they wait to be told what they are."""
    names = Cast.of(plan.sections[section]).processes
    return Crowd(names, shares(names, available(), alone=plan.semantics == "bitwise"))
