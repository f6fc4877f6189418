"""The fields of a `sample` section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from singalang_compiler.library.attributes import Name


@dataclass(frozen=True)
class Fields:
    """Drawing from a trained net, step by step."""

    feed: Name  # the data field that gets what was drawn
    draw: Name  # the layer whose value is drawn
    net: Name | None = None  # the net; the only one where not said
    steps: Annotated[int, "1 <= x <= 9007199254740991"] = 100  # draws to make
    temperature: Annotated[float, "x > 0"] = 1.0  # logits are divided by it
    top_k: Annotated[int, "x >= 1"] | None = None  # draw from the k likeliest only
    seed: Annotated[int, "0 <= x <= 4294967295"] = 0  # of the draws
