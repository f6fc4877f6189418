"""The attributes that every layer has. A `net` section has no fields: it holds values, chains and `on` rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from singalang_compiler.library.contract import Initialiser


@dataclass(frozen=True)
class Fields:
    """Layers and how they are connected."""


@dataclass(frozen=True)
class LayerFields:
    """The attributes that every layer has, besides its own and one for each of its parameters."""

    init: Initialiser | None = None  # initialiser of all parameters of the layer
    lr_scale: Annotated[float, "x >= 0"] | None = None  # times the learning rate, for all parameters of the layer
    wd_scale: Annotated[float, "x >= 0"] | None = None  # times the weight decay, for all parameters of the layer


@dataclass(frozen=True)
class ParameterFields:
    """The attributes of `param(...)`: what is left out is inherited from earlier rules."""

    init: Initialiser | None = None  # initialiser; a number is a constant
    lr_scale: Annotated[float, "x >= 0"] | None = None  # times the learning rate
    wd_scale: Annotated[float, "x >= 0"] | None = None  # times the weight decay
