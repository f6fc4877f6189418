"""The fields of a `topology` section, and of `on` rules in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from singalang_compiler.library.attributes import Bandwidth, Bytes, Seconds
from singalang_compiler.sections.forms import Groups, Hogwild


@dataclass(frozen=True)
class Fields:
    """Who does the work."""

    preset: (
        Literal["allreduce", "sandblaster", "downpour", "hogwild", "local_sgd", "easgd", "diloco", "streaming_diloco"]
        | Hogwild
        | None
    ) = None  # fills in the fields that are not said
    workers: Groups | None = None  # worker groups: their number and size
    servers: Groups | None = None  # server groups: their number and size
    separate: bool | None = None  # servers have processes of their own
    partition: Literal["batch", "feature", "auto", "none"] = "batch"  # how layers are cut among the workers of a group
    link: Bandwidth | tuple[Bandwidth, Seconds] | None = None  # bandwidth between machines, or (bandwidth, latency)
    memory: Bytes | None = None  # memory of each process
    micro_batches: Annotated[int, "1 <= x <= 65536"] = 1  # pieces of a batch that go through the stages one after the other
    remat: bool = False  # compute again in the backward pass instead of keeping
    restarts: Annotated[int, "x >= 0"] | None = 3  # restarts of a group before the job is given up; `none` is unbounded
    heartbeat: Seconds = 1.0  # time between two signs of life
    warmup_steps: Annotated[int, "x >= 0"] = 0  # steps that one group does alone before the others join


@dataclass(frozen=True)
class Rules:
    """What an `on` rule says of where a layer's work is done."""

    partition: Literal["batch", "feature", "auto", "none"] | None = None  # how the layer is cut
    stage: Annotated[int, "0 <= x <= 65535"] | None = None  # pipeline stage, counted from 0
    device: int | str | None = None  # device of the worker
    remat: bool | None = None  # compute again in the backward pass instead of keeping
