"""The processes of a group, all of them in this one: each has its own end of the shared memory, and they go on in turn."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np

from singalang_runtime.device import open_device
from singalang_runtime.execute import needed_kernels
from singalang_runtime.group.parameter_blocks import ParameterBlocks, size_bytes
from singalang_runtime.group.setting import Setting
from singalang_runtime.group.whole import Shares, assemble
from singalang_runtime.layout import Array
from singalang_runtime.plane.bell import new_bell
from singalang_runtime.plane.block import Block
from singalang_runtime.plane.layout import LanesLayout
from singalang_runtime.plane.shared import SharedPlane
from singalang_runtime.processes.activity import Activity
from singalang_runtime.processes.station import Station
from singalang_runtime.protocol.events import Measured, StepsDone, WorkerEvent
from tests.runtime.group.drive import job_of, measured


class Together:
    """The stations of a plan's first section by process, on shared memory; `seed` draws in which order they go on. `control` is
    the descriptor that all of them listen to."""

    def __init__(self, path: Path, *, cache: Path | None = None, seed: int = 0, control: int = -1) -> None:
        job = job_of(path)
        device = open_device(job.plan, path, needed_kernels(job.plan), cache)
        assert device.value is not None, device.diagnostics
        section = job.plan.sections[0]
        self.shares, self._draw = Shares.of(section), Random(seed)
        layout = LanesLayout(self.shares.view, self.shares.dtype)
        needed = size_bytes(self.shares.group, self.shares.dtype)
        lanes, parameters = Block.shared("lanes", layout.size_bytes), Block.shared("parameters", needed)
        self._bells = [new_bell() for _ in layout.processes]
        self.stations: dict[str, Station] = {}
        for process in layout.processes:
            roles = [role for role, home in self.shares.group.processes.items() if home == process]
            setting = Setting.of(job.plan, section, job.feeds[0], device.value.load, roles)
            plane = SharedPlane(layout, process, Block.attached(os.dup(lanes.descriptor)), self._bells, spins=False)
            own = Block.attached(os.dup(parameters.descriptor))
            blocks = ParameterBlocks(self.shares.view, self.shares.dtype, own.array(0, (needed,), np.dtype(np.uint8)))
            station = Station(process, setting, job.schedules[0], device.value.load, plane, blocks, Activity(), control)
            self.stations[process] = station

    @property
    def working(self) -> Sequence[Station]:
        """Those with a worker, by its number."""
        return sorted((one for one in self.stations.values() if one.member), key=lambda one: one.member.number if one.member else 0)

    def initialise(self) -> Together:
        """Begins the section."""
        for station in self.stations.values():
            station.initialise({})
        return self

    def restore(self, tensors: dict[str, Array], step: int) -> Together:
        """Goes on from tensors."""
        for station in self.stations.values():
            station.restore(tensors, step)
        return self

    def train(self, stop: int) -> None:
        """Does steps up to `stop`."""
        for worker, station in enumerate(self.working):
            station.run(worker, stop)
        assert self.answers() == [StepsDone(stop)] * len(self.working)

    def evaluate(self, batches: int | None = None) -> dict[str, float]:
        """The metrics of a test."""
        for worker, station in enumerate(self.working):
            station.evaluate(worker, "test", batches)
        return measured([answer for answer in self.answers() if isinstance(answer, Measured)])

    def answers(self) -> list[WorkerEvent]:
        """What all workers say, going round in an order that is drawn until they have said it."""
        found: dict[int, WorkerEvent] = {}
        order = list(self.stations.values())
        while len(found) < len(self.working):
            self._draw.shuffle(order)
            moved = [station.go_round() for station in order]
            heard = [answer for station in order for answer in station.answers()]
            found.update(heard)
            assert any(moved) or heard, "everybody waits for somebody"
        while any([station.go_round() for station in order]):
            pass
        return [found[worker] for worker in sorted(found)]

    def tensors(self) -> dict[str, Array]:
        """What a checkpoint would hold."""
        held = {role: arrays for station in self.stations.values() for role, arrays in station.held().items()}
        return assemble(self.shares, held)

    def close(self) -> None:
        """Stops reading ahead."""
        for station in self.stations.values():
            station.close()
        for bell in self._bells:
            os.close(bell)
