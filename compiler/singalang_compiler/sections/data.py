"""The fields of a `data` section, of `on FIELD` in it, and the attributes that every source has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from singalang_compiler.library.contract import Source


@dataclass(frozen=True)
class Fields:
    """Records: their declared fields, and for each phase the source that they come from."""

    mean: float | str = 0.0  # subtracted from every f32 field: a number, or the path of a file that holds one record
    std: float | str = 1.0  # every f32 field is divided by it: a number above 0, or the path of a file that holds one record
    records: Annotated[int, "x >= 1"] | None = None  # number of training records, where it is known
    train: Source | None = None  # source of the training records
    val: Source | None = None  # source of the validation records
    test: Source | None = None  # source of the test records


@dataclass(frozen=True)
class Rules:
    """What an `on` rule says of one declared field."""

    mean: float | str = 0.0  # as for the section, for this field alone
    std: float | str = 1.0  # as for the section, for this field alone


@dataclass(frozen=True)
class SourceFields:
    """The attributes that every source has."""

    batch: Annotated[int, "1 <= x <= 16777216"] | tuple[Annotated[int, "1 <= x <= 16777216"], ...]  # records of a group's batch
    shuffle: bool | None = None  # another order in each epoch; true for `train` where not said
    random_skip: Annotated[int, "x >= 0"] = 0  # up to so many records are skipped at the start
    split: Literal["train", "test", "all"] | None = None  # part of a source that has parts of its own
