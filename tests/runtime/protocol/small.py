"""Small groups written by hand: stages in a row, in each a gathered value where it has several workers, and some servers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from singalang_compiler.geometry import BATCH, WHOLE, Extent
from singalang_compiler.plan_group import (
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
    ServerRecord,
    ServerStep,
    SliceSegment,
    StoredRecord,
    WorkerStep,
)

LENGTH = 12
"""Elements of each parameter."""


@dataclass(frozen=True)
class Small:
    """A group. In each stage a layer, then with `gather` an all-gather among its workers, then another layer; the first layer's
    parameter is whole on every worker, the second's is cut where something is gathered. `tied`: one more on all stages. `deaf`: the
    last stage learns nothing, so that nobody ever waits for it."""

    workers: int = 2
    stages: int = 1
    micro_batches: int = 1
    servers: int = 1
    gather: bool = False
    clip: bool = False
    shards: int = 0
    tied: bool = False
    deaf: bool = False

    @property
    def width(self) -> int:
        return self.workers // self.stages

    def group(self) -> GroupRecord:
        """Its record."""
        return GroupRecord(
            workers=self.workers,
            stages=self.stages,
            micro_batches=self.micro_batches,
            shards=self.shards,
            rows=(2,) * self.width,
            evaluate_rows={"val": 2 * self.width},
            stored=tuple(self._stored()),
            connections=tuple(self._connections("train")) + tuple(self._connections("val")),
            roles=tuple(self._role(stage) for stage in range(self.stages)),
            servers=tuple(self._servers()),
            server_step=self._server_step(),
            server_calls={},
            slots=(),
            processes={},
            links=(),
            memory=(),
            step_s=0.0,
        )

    @property
    def _learning(self) -> int:
        """Stages that learn, the first ones."""
        return self.stages - 1 if self.deaf else self.stages

    @property
    def _gathers(self) -> bool:
        return self.gather and self.width > 1

    def _stored(self) -> Iterator[StoredRecord]:
        for stage in range(self._learning):
            yield StoredRecord(name=f"a{stage}", shape=(LENGTH,), axis=None, stages=(stage,), reason="not-cut")
            axis = 0 if self._gathers else None
            yield StoredRecord(name=f"b{stage}", shape=(LENGTH,), axis=axis, stages=(stage,), reason="uses-agree")
        if self.tied:
            yield StoredRecord(name="t", shape=(LENGTH,), axis=None, stages=tuple(range(self.stages)), reason="uses-differ")

    def _connections(self, phase: str) -> Iterator[ConnectionRecord]:
        extent = Extent(rows=(2,) * self.width, record=(3,))
        learns = phase == "train"
        for stage in range(self.stages):
            if self._gathers:
                yield ConnectionRecord(
                    name=f"gather{stage}",
                    kind="all_gather",
                    phase=phase,
                    value=f"v{stage}",
                    source=BATCH,
                    target=WHOLE,
                    source_stage=stage,
                    target_stage=stage,
                    extent=extent,
                    dtype="float32",
                    returns=learns,
                    consumers=(),
                    step_bytes=0,
                )
            if stage + 1 < self.stages:
                yield ConnectionRecord(
                    name=f"send{stage}",
                    kind="send",
                    phase=phase,
                    value=f"o{stage}",
                    source=BATCH,
                    target=BATCH,
                    source_stage=stage,
                    target_stage=stage + 1,
                    extent=extent,
                    dtype="float32",
                    returns=learns and stage + 1 < self._learning,
                    consumers=(),
                    step_bytes=0,
                )

    def _role(self, stage: int) -> RoleRecord:
        first = stage * self.width
        return RoleRecord(
            name=f"stage-{stage}",
            stage=stage,
            workers=tuple(range(first, first + self.width)),
            rows=2,
            parameters=(),
            trained=(),
            state=(),
            arrays=(),
            calls={},
            step=tuple(self._step(stage)),
            evaluate={"val": tuple(self._forward(stage, 0))},
        )

    def _step(self, stage: int) -> Iterator[WorkerStep]:
        """Micro-batches in the order 1F1B: the later the stage, the sooner it turns back."""
        if stage >= self._learning:
            for micro in range(self.micro_batches):
                yield from self._forward(stage, micro)
            return
        ahead = min(self.micro_batches, self.stages - stage)
        if self.micro_batches > 1 and not self.shards:
            yield ClearStep()
        for micro in range(ahead):
            yield from self._forward(stage, micro)
        for micro in range(self.micro_batches):
            if self.shards:
                yield ClearStep()
            yield from self._backward(stage, micro)
            if self.shards:
                yield PushStep(micro=micro)
            if micro + ahead < self.micro_batches:
                yield from self._forward(stage, micro + ahead)
        if not self.shards:
            yield PushStep()
        yield PullStep()

    def _forward(self, stage: int, micro: int) -> Iterator[WorkerStep]:
        yield FeedStep(micro=micro)
        if stage > 0:
            yield ReceiveStep(connection=f"send{stage - 1}", micro=micro)
        yield RunStep(call="forward/0", micro=micro)
        if self._gathers:
            yield SendStep(connection=f"gather{stage}", micro=micro)
            yield ReceiveStep(connection=f"gather{stage}", micro=micro)
            yield RunStep(call="forward/1", micro=micro)
        if stage + 1 < self.stages:
            yield SendStep(connection=f"send{stage}", micro=micro)

    def _backward(self, stage: int, micro: int) -> Iterator[WorkerStep]:
        if stage + 1 < self._learning:
            yield ReceiveStep(connection=f"send{stage}", micro=micro, back=True)
        if self._gathers:
            yield RunStep(call="backward/1", micro=micro)
            yield SendStep(connection=f"gather{stage}", micro=micro, back=True)
            yield ReceiveStep(connection=f"gather{stage}", micro=micro, back=True)
        yield RunStep(call="backward/0", micro=micro)
        if stage > 0:
            yield SendStep(connection=f"send{stage - 1}", micro=micro, back=True)

    def _server_step(self) -> tuple[ServerStep, ...]:
        norm: tuple[ServerStep, ...] = (RunStep(call="square_sum"), NormStep()) if self.clip else ()
        return (CollectStep(), *norm, RunStep(call="update"), PublishStep())

    def _servers(self) -> Iterator[ServerRecord]:
        """Slices of equal length; where there are more servers than parameters, the last hold nothing."""
        pieces = [piece for stored in self._stored() for piece in self._pieces(stored)]
        each = -(-len(pieces) // self.servers)
        for number in range(self.servers):
            mine = tuple(pieces[number * each : (number + 1) * each])
            yield ServerRecord(name=f"server-{number}", process=f"server-{number}", segments=mine, size=each * LENGTH)

    def _pieces(self, stored: StoredRecord) -> Iterator[SliceSegment]:
        if stored.axis is None:
            yield SliceSegment(parameter=stored.name, offset=0, size=LENGTH)
        else:
            for position in range(self.width):
                yield SliceSegment(parameter=stored.name, position=position, offset=0, size=LENGTH // self.width)
