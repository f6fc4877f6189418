"""Plan records of data sections, and feeds of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from singalang_compiler.plan import DataRecord, FieldRecord, KindRecord, SourceRecord
from singalang_grammar.diagnostics import Diagnostic
from singalang_runtime.feed.feed import Feed
from singalang_runtime.feed.open import open_feed
from tests.library.sources.makers import feature, label

DIGITS = (feature("image", 64, storage="uint8"), label())


def use(
    kind: str,
    attributes: Mapping[str, Any],
    batch: int = 2,
    *,
    shuffle: bool = False,
    random_skip: int = 0,
    split: Literal["train", "test", "all"] = "all",
    file: str | None = None,
) -> SourceRecord:
    """The source of a phase."""
    source = KindRecord(kind=kind, attributes=dict(attributes), file=file)
    return SourceRecord(source=source, batch=batch, shuffle=shuffle, random_skip=random_skip, split=split)


def section(
    name: str, fields: tuple[FieldRecord, ...], sources: Mapping[str, SourceRecord], records: int | None = None
) -> DataRecord:
    """A data section."""
    return DataRecord(name=name, fields=fields, sources=dict(sources), records=records)


def digits(batch: int = 64, shuffle: bool = True) -> DataRecord:
    """The digits, as `digits_mlp.singa` reads them."""
    train = use("digits", {}, batch, shuffle=shuffle, split="train")
    return section("digits", DIGITS, {"train": train, "test": use("digits", {}, 100, split="test")})


def feed(*data: DataRecord, folder: Path = Path(), seed: int = 0, **options: Any) -> Feed:
    """An open feed, without a complaint."""
    outcome = open_feed(data, seed=seed, folder=folder, beside=folder, **options)
    assert outcome.value is not None and not outcome.diagnostics, outcome.diagnostics
    return outcome.value


def faults(*data: DataRecord, folder: Path, seed: int = 0, **options: Any) -> tuple[Diagnostic, ...]:
    """What is wrong with data; nothing can be opened."""
    outcome = open_feed(data, seed=seed, folder=folder, beside=folder, **options)
    assert outcome.value is None and outcome.failed
    return outcome.diagnostics
