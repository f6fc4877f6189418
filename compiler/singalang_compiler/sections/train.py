"""The fields of a `train` section, and of `on` rules in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from singalang_compiler.library.attributes import Name, Steps
from singalang_compiler.library.contract import Algorithm
from singalang_compiler.sections.forms import Ema as Average
from singalang_compiler.sections.forms import Every, Patience


@dataclass(frozen=True)
class Fields:
    """One training of one net."""

    steps: Annotated[Steps, "1 <= x <= 9007199254740991"]  # updates to do, or `epochs(n)`
    net: Name | None = None  # the net; the only one where not said
    loss: Name | tuple[Name, ...] | None = None  # loss layers that make the objective; all where not said
    algorithm: Algorithm | None = None  # how a batch teaches the net; `bp` where not said
    topology: Name | None = None  # the topology; the chosen one where not said
    start: str | None = None  # a run or checkpoint to start from
    seed: Annotated[int, "0 <= x <= 4294967295"] = 0  # of all random numbers
    precision: Literal["f32", "bf16", "f64"] = "f32"  # of the arithmetic
    val: Every | None = None  # when to validate
    test: Every | None = None  # when to test
    checkpoint: Every | None = None  # when to write a checkpoint
    log: Every | None = None  # when to report the training metrics
    accumulate: Annotated[int, "x >= 1"] = 1  # batches whose gradients make one update
    average: Average | None = None  # average of the parameters that is tested and kept
    stop: Patience | None = None  # when to stop early


@dataclass(frozen=True)
class Rules:
    """What an `on` rule says of a layer's training."""

    lr_scale: Annotated[float, "x >= 0"] | None = None  # times the learning rate; 0 freezes the layer
    wd_scale: Annotated[float, "x >= 0"] | None = None  # times the weight decay
