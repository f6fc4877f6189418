"""A train section of a plan as it is asked about: its net, its group, what was decided of each thing."""

from __future__ import annotations

from collections.abc import Iterator

from singalang import words
from singalang.show.net import Net
from singalang.why.told import Fact
from singalang_compiler.geometry import Distribution
from singalang_compiler.plan import Decision, Plan, SectionRecord
from singalang_compiler.plan_group import ConnectionRecord


class Subject(Net):
    """A section with ways to find what was decided."""

    def __init__(self, plan: Plan, section: SectionRecord) -> None:
        super().__init__(plan, section, "")
        self._decisions = {one.about: one for one in plan.decisions}

    def decision(self, about: str) -> Decision | None:
        """What was decided: `fc1.partition`, `fc1.weight.stored`, `servers`; or of the whole plan, such as `processes`."""
        return self._decisions.get(f"{self.section.name}.{about}") or self._decisions.get(about)

    def decisions(self, *about: str) -> tuple[Decision, ...]:
        """What was decided of several things, as far as anything was."""
        return tuple(one for one in map(self.decision, about) if one is not None)

    @property
    def per_stage(self) -> int:
        """Workers of one stage."""
        return self.group.workers // self.group.stages if self.group else 1

    def at(self, stage: int) -> str:
        """The workers of a stage, told: `workers 0, 1 in stage 0`."""
        workers = words.workers(self.stage_workers(stage)) if self.group else "worker 0"
        return f"{workers} in stage {stage}" if self.stages > 1 else workers


def because(decision: Decision | None) -> Iterator[Fact]:
    """The reason of a decision, where there is one."""
    if decision is not None:
        yield "because", words.REASONS[decision.reason]


def moves(subject: Subject, one: ConnectionRecord) -> str:
    """What a connection moves, from where to where."""
    moved = f"{words.bytes_(one.step_bytes)} a step" if one.step_bytes else "nothing in a step"
    return (
        f"{moved}, from {_side(subject, one.source_stage, one.source, one)} to {_side(subject, one.target_stage, one.target, one)}"
        + (", and its gradient back" if one.returns else "")
    )


def _side(subject: Subject, stage: int, spread: Distribution, one: ConnectionRecord) -> str:
    """Where a value lies at an end of a connection."""
    if subject.per_stage == 1:
        return f"stage {stage}"
    return words.spread(spread) + (f" of stage {stage}" if one.source_stage != one.target_stage else "")
