"""What a checkpoint says of itself. Holds no tensor and reads no file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import msgspec

from singalang_runtime.feed.fingerprint import SourcePrint
from singalang_runtime.protocol.schedule import Action

FORMAT = "1.0"
NAME = "manifest.json"
TENSORS = "tensors.safetensors"
_FOLDER = re.compile(r"(?:(?P<section>.+)-)?step-(?P<step>\d{8,})")


class TensorRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A tensor: its NumPy dtype and shape."""

    dtype: str
    shape: tuple[int, ...]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a checkpoint, and the place in the job at which it was made.

    `files`: the hash of each file. `model`: the hash of names, dtypes and shapes of all tensors. `done`: which acts due at this
    step were done. `metrics_bytes`: how long `metrics.jsonl` was. `data`: what the section's data looked like. `sha256`: the
    hash of this record with `sha256` empty.
    """

    format: str = FORMAT
    plan_sha256: str
    model: str
    section: str
    step: int
    done: tuple[Action, ...]
    seed: int
    metrics_bytes: int
    jax: str
    platform: str
    data: dict[str, SourcePrint]
    tensors: dict[str, TensorRecord]
    files: dict[str, str]
    sha256: str = ""


def to_bytes(manifest: Manifest) -> bytes:
    """A manifest as it is written, its hash filled in."""
    return _json(msgspec.structs.replace(manifest, sha256=_hash(manifest)))


def has_own_hash(manifest: Manifest) -> bool:
    """Whether a manifest is as it was written."""
    return _hash(manifest) == manifest.sha256


def model_of(tensors: dict[str, TensorRecord]) -> str:
    """The signature of a model: equal for equal names, dtypes and shapes."""
    return hashlib.sha256(msgspec.json.encode(tensors, order="sorted")).hexdigest()


def folder_name(sections: Sequence[str], section: str, step: int) -> str:
    """The name of a checkpoint's folder: `step-00000200`, with the section's name before it where a plan has several."""
    return f"step-{step:08d}" if len(sections) == 1 else f"{section}-step-{step:08d}"


def place_of(name: str, sections: Sequence[str]) -> tuple[int, int] | None:
    """Number of the section and step that a folder's name states; None for any other folder."""
    match = _FOLDER.fullmatch(name)
    section = (match["section"] or (sections[0] if len(sections) == 1 else None)) if match else None
    return (sections.index(section), int(match["step"])) if match and section in sections else None


def _hash(manifest: Manifest) -> str:
    return hashlib.sha256(_json(msgspec.structs.replace(manifest, sha256=""))).hexdigest()


def _json(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=2) + b"\n"
