"""Opens the sources of data sections and makes a feed of them; everything that can be wrong is found here. Knows no kernel."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.library.contract import Records, Source, SourceError
from singalang_compiler.library.reading.columns import ArrayRecords
from singalang_compiler.plan import DataRecord, FieldRecord, SourceRecord
from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_runtime.codes.e0605_no_records import NoRecords
from singalang_runtime.codes.e0607_statistics_file import StatisticsFile
from singalang_runtime.codes.e0609_sections_differ import SectionsDiffer
from singalang_runtime.codes.e0611_record_count import RecordCount
from singalang_runtime.feed.batches import Batches
from singalang_runtime.feed.faults import BrokenData, explain
from singalang_runtime.feed.feed import Feed, Statistic
from singalang_runtime.feed.fingerprint import Fingerprint, print_of
from singalang_runtime.feed.opening import source_of
from singalang_runtime.feed.order import Order
from singalang_runtime.feed.statistics import read_statistic
from singalang_runtime.feed.tables import record_bytes, table_of

Array: TypeAlias = np.ndarray[Any, Any]

MEMORY_BYTES = 256 << 20
"""Records of a phase that need no more than this, decoded, are kept in memory."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One data section in one phase."""

    data: DataRecord
    use: SourceRecord
    source: Source
    records: Records
    wanted: tuple[FieldRecord, ...]


@dataclass(frozen=True, slots=True)
class _Picked:
    """Some of the fields of records."""

    records: Records
    places: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.records)

    def read(self, numbers: Array) -> tuple[Array, ...]:
        arrays = self.records.read(numbers)
        return tuple(arrays[place] for place in self.places)


def open_feed(
    data: Sequence[DataRecord],
    *,
    seed: int,
    folder: Path,
    beside: Path,
    fields: Collection[str] | None = None,
    phases: Collection[str] | None = None,
    written: Mapping[str, str] | None = None,
    memory_bytes: int = MEMORY_BYTES,
) -> Outcome[Feed]:
    """Opens the data sections of a net, which are read together: record i of each belongs together.

    Relative paths lie under `folder`, a user's source files in `beside`. `fields` names those to be fed, as `data.field`
    (all of them by default), `phases` the phases (those that every section has a source for). Where some fields are not wanted,
    the data may lack them. `written` says what users call their source files, by the files' names in the plan. All faults that can
    be found without reading everything are found.
    """
    found: list[Diagnostic] = []
    wanted = [
        tuple(field for field in record.fields if fields is None or f"{record.name}.{field.name}" in fields) for record in data
    ]
    common = [phase for phase in (data[0].sources if data else ()) if all(phase in record.sources for record in data)]
    opened: dict[str, tuple[_Part, ...]] = {}
    for phase in common:
        if phases is None or phase in phases:
            opened[phase] = tuple(_parts(phase, data, wanted, folder, beside, written or {}, found))
    whole = {phase: parts for phase, parts in opened.items() if len(parts) == len(data)}
    first = next(iter(whole.values()), ())
    statistics = _statistics(whole.get("train", first), folder, found)
    batches = _batches(whole, seed, memory_bytes, found)
    found = list(dict.fromkeys(found))
    outcome: Outcome[Feed] = Outcome(None, tuple(found))
    if outcome.failed:
        return outcome
    names = tuple(f"{record.name}.{field.name}" for record, chosen in zip(data, wanted, strict=True) for field in chosen)
    return Outcome(Feed(names, batches, statistics, _fingerprint(whole, folder)), tuple(found))


def _parts(
    phase: str,
    data: Sequence[DataRecord],
    wanted: Sequence[tuple[FieldRecord, ...]],
    folder: Path,
    beside: Path,
    written: Mapping[str, str],
    found: list[Diagnostic],
) -> Iterator[_Part]:
    """The sections that can be opened in a phase."""
    for record, fields in zip(data, wanted, strict=True):
        use = record.sources[phase]
        try:
            source = source_of(use.source, beside, written)
            records = _open(source, folder, use.split, record.fields, fields)
        except SourceError as fault:
            found.append(explain(fault))
        except BrokenData as fault:
            found.append(fault.diagnostic)
        else:
            yield _Part(record, use, source, records, fields)


def _open(source: Source, folder: Path, split: str, fields: tuple[FieldRecord, ...], wanted: tuple[FieldRecord, ...]) -> Records:
    """The wanted fields of a source. Where some are left out, the data may lack them, but columns may be told by them too."""
    if wanted == fields:
        return source.open(folder, split, wanted)
    try:
        if wanted:
            return source.open(folder, split, wanted)
    except (SourceError, BrokenData):
        try:
            return _picked(source.open(folder, split, fields), fields, wanted)
        except (SourceError, BrokenData):
            pass
        raise
    return _picked(source.open(folder, split, fields), fields, wanted)


def _picked(records: Records, fields: tuple[FieldRecord, ...], wanted: tuple[FieldRecord, ...]) -> Records:
    places = tuple(fields.index(field) for field in wanted)
    if isinstance(records, ArrayRecords):
        return ArrayRecords(tuple(records.arrays[place] for place in places), len(records))
    return _Picked(records, places)


def _batches(opened: dict[str, tuple[_Part, ...]], seed: int, memory_bytes: int, found: list[Diagnostic]) -> dict[str, Batches]:
    """The batches of each phase; every fault is added to `found`."""
    made: dict[str, Batches] = {}
    for phase, parts in opened.items():
        faults = [*_empty(parts), *_differences(phase, parts), *(_miscounted(parts) if phase == "train" else ())]
        found.extend(faults)
        if Outcome(None, tuple(faults)).failed:
            continue
        use, fields = parts[0].use, [part.wanted for part in parts]
        try:
            table = table_of([part.records for part in parts], fields, memory_bytes)
        except SourceError as fault:
            found.append(explain(fault))
            continue
        except BrokenData as fault:
            found.append(fault.diagnostic)
            continue
        order = Order(len(parts[0].records), use.batch, seed, use.shuffle, use.random_skip)
        made[phase] = Batches(table, order, sum(record_bytes(chosen) for chosen in fields))
    return made


def _empty(parts: Sequence[_Part]) -> Iterator[Diagnostic]:
    for part in parts:
        if not len(part.records):
            yield NoRecords("the source holds no record", part.use.source.kind, None).diagnostic()


def _differences(phase: str, parts: Sequence[_Part]) -> Iterator[Diagnostic]:
    """Where sections cannot be read together."""
    first = parts[0]
    for other in parts[1:]:
        pairs = {
            "records": (len(first.records), len(other.records)),
            "batch": (first.use.batch, other.use.batch),
            "shuffle": (first.use.shuffle, other.use.shuffle),
            "random_skip": (first.use.random_skip, other.use.random_skip),
        }
        for what, (one, two) in pairs.items():
            if one != two:
                yield SectionsDiffer(phase, what, first.data.name, str(one).lower(), other.data.name, str(two).lower()).diagnostic()


def _miscounted(parts: Sequence[_Part]) -> Iterator[Diagnostic]:
    for part in parts:
        if part.data.records not in (None, len(part.records)):
            yield RecordCount(part.data.name, part.data.records or 0, len(part.records)).diagnostic()


def _statistics(parts: Sequence[_Part], folder: Path, found: list[Diagnostic]) -> dict[str, Statistic]:
    """Mean and deviation of the fields that have files of them, as far as they can be read."""
    made: dict[str, Statistic] = {}
    for part in parts:
        for field in part.wanted:
            values = {}
            for of, path in (("mean", field.mean_file), ("std", field.std_file)):
                try:
                    values[of] = None if path is None else read_statistic(path, of, field, part.source, folder)
                except SourceError as fault:
                    found.append(StatisticsFile(of, field.name, fault.text, fault.where, fault.hint).diagnostic())
                except BrokenData as fault:
                    found.append(fault.diagnostic)
            if field.mean_file is not None or field.std_file is not None:
                made[f"{part.data.name}.{field.name}"] = Statistic(values.get("mean"), values.get("std"))
    return made


def _fingerprint(opened: dict[str, tuple[_Part, ...]], folder: Path) -> Fingerprint:
    prints: Fingerprint = {}
    for phase, parts in opened.items():
        for part in parts:
            prints[f"{part.data.name}.{phase}"] = print_of(folder, len(part.records), part.source.files())
            for field in part.wanted:
                for of, path in (("mean", field.mean_file), ("std", field.std_file)):
                    if path is not None:
                        prints[f"{part.data.name}.{field.name}.{of}"] = print_of(folder, 1, (path,))
    return prints
