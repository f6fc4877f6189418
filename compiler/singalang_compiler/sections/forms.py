"""The forms that only sections have: `every(100, batches = 10)`. Each is a dataclass, declared like a kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from singalang_compiler.library.attributes import Name, Steps


@dataclass(frozen=True)
class Every:
    """A periodic action: after step `after`, after + period, ..."""

    WRITTEN: ClassVar[str] = "every"
    period: Annotated[Steps, "x >= 1"]  # steps, or `epochs(n)`, between two of them
    batches: Annotated[int, "x >= 1"] | None = None  # batches of a test or validation; `none` takes the whole source
    after: Annotated[Steps, "x >= 0"] | None = None  # the first step after which it happens; `period` where not said


@dataclass(frozen=True)
class Groups:
    """Groups of workers or servers."""

    WRITTEN: ClassVar[str] = "groups"
    count: Annotated[int, "1 <= x <= 65536"]  # number of groups
    size: Annotated[int, "1 <= x <= 65536"] = 1  # members of each


@dataclass(frozen=True)
class Patience:
    """Stops the training when a metric has not improved in so many tests."""

    WRITTEN: ClassVar[str] = "patience"
    metric: Name  # name of the metric
    tests: Annotated[int, "x >= 1"]  # validations, or tests where there are none, without improvement


@dataclass(frozen=True)
class Ema:
    """An exponential moving average of the parameters, used for tests and checkpoints."""

    WRITTEN: ClassVar[str] = "ema"
    decay: Annotated[float, "0 <= x < 1"]  # share of the old average that is kept at each step


@dataclass(frozen=True)
class Hogwild:
    """Worker groups that update one memory, each at its own pace."""

    WRITTEN: ClassVar[str] = "hogwild"
    locks: bool = True  # lock each slice while it is updated


@dataclass(frozen=True)
class OuterSgd:
    """The groups' mean change is applied times a rate."""

    WRITTEN: ClassVar[str] = "sgd"
    rate: Annotated[float, "x > 0"] = 1.0  # outer learning rate


@dataclass(frozen=True)
class OuterNesterov:
    """The groups' mean change is applied with Nesterov momentum."""

    WRITTEN: ClassVar[str] = "nesterov"
    rate: Annotated[float, "x > 0"] = 0.7  # outer learning rate
    momentum: Annotated[float, "0 <= x < 1"] = 0.9  # outer momentum


FORMS: dict[str, tuple[Any, ...]] = {
    "Every": (Every,),
    "Groups": (Groups,),
    "Patience": (Patience,),
    "Average": (Ema,),
    "Hogwild": (Hogwild,),
    "Outer": (OuterSgd, OuterNesterov),
}
"""The forms that each name in an annotation admits."""
