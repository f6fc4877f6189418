"""Makers of small data files, written out by hand from the formats' descriptions, and equal byte for byte on every run."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from singalang_compiler.library.contract import Records, Source
from singalang_compiler.library.kinds import find
from singalang_compiler.library.tensors import TensorSpec
from singalang_compiler.plan import FieldRecord

Array = np.ndarray[Any, Any]

IDX_TYPES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def feature(name: str, *shape: int, storage: str = "float32") -> FieldRecord:
    """A declared field of numbers."""
    return FieldRecord(name=name, shape=shape, dtype="float", storage=storage)


def label(name: str = "label", classes: int = 10, *shape: int) -> FieldRecord:
    """A declared field of class labels."""
    return FieldRecord(name=name, shape=shape, dtype="i32", classes=classes, storage="int32")


def source(kind: str, **attributes: Any) -> Source:
    """A source of the library."""
    found = find("sources", kind)
    assert found is not None and found.cls is not None
    made: Source = found.cls(**attributes)
    return made


def stored_by(made: Source, field: FieldRecord) -> FieldRecord:
    """The field in the storage that the source gives it, as the compiler would write it in a plan."""
    spec = TensorSpec(field.shape, field.dtype, field.classes)
    return FieldRecord(name=field.name, shape=field.shape, dtype=field.dtype, classes=field.classes, storage=made.storage(spec))


def opened(made: Source, folder: Path, *fields: FieldRecord, split: str = "all") -> Records:
    """The open records of a source, the fields in its own storage."""
    return made.open(folder, split, [stored_by(made, field) for field in fields])


def read_all(made: Source, folder: Path, *fields: FieldRecord, split: str = "all") -> tuple[Array, ...]:
    """All records of a source."""
    records = opened(made, folder, *fields, split=split)
    return records.read(np.arange(len(records)))


def idx_bytes(array: Array) -> bytes:
    """An IDX file."""
    kind = array.dtype.str[1:]
    head = bytes([0, 0, IDX_TYPES[kind], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def gzip_bytes(content: bytes) -> bytes:
    """A gzip file, without the time of its making."""
    return gzip.compress(content, mtime=0)


def npz_bytes(arrays: Mapping[str, Array], compressed: bool = False) -> bytes:
    """A .npz archive, without the time of its making."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            part = io.BytesIO()
            np.save(part, array, allow_pickle=True)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), part.getvalue(), archive.compression)
    return whole.getvalue()


def varint(number: int) -> bytes:
    """A protobuf varint; negative numbers as int32 are written, in ten bytes."""
    number &= (1 << 64) - 1
    made = bytearray()
    while number >= 0x80:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*made, number])


def record_proto(
    label: int | None = None,
    pixel: bytes | None = None,
    data: Sequence[float] | None = None,
    shape: Sequence[int] = (),
    packed: bool = True,
) -> bytes:
    """A RecordProto: shape (1), label (2), pixel (3), data (4, packed or one by one)."""
    made = b"".join(b"\x08" + varint(length) for length in shape)
    made += b"" if label is None else b"\x10" + varint(label)
    made += b"" if pixel is None else b"\x1a" + varint(len(pixel)) + pixel
    if data is not None and packed:
        made += b"\x22" + varint(4 * len(data)) + struct.pack(f"<{len(data)}f", *data)
    elif data is not None:
        made += b"".join(b"\x25" + struct.pack("<f", value) for value in data)
    return made


def kvfile_bytes(values: Sequence[bytes]) -> bytes:
    """A kvfile with keys `00000000`, `00000001`, ..."""
    pairs = ((b"%08d" % number, value) for number, value in enumerate(values))
    return b"".join(struct.pack("<Q", len(key)) + key + struct.pack("<Q", len(value)) + value for key, value in pairs)


def pixel_kvfile(images: Array, labels: Sequence[int]) -> bytes:
    """A kvfile of images as SINGA's tools write them."""
    pairs = zip(images, labels, strict=True)
    return kvfile_bytes([record_proto(label=each, pixel=image.tobytes(), shape=image.shape) for image, each in pairs])


def csv_bytes(rows: Sequence[Sequence[object]], end: str = "\n", separator: str = ",") -> bytes:
    """A text of rows."""
    return "".join(separator.join(str(value) for value in row) + end for row in rows).encode()
