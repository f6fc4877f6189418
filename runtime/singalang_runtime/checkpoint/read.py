"""Finds and reads checkpoints; a damaged one is refused, never repaired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from singalang_grammar.diagnostics import Diagnostic, Outcome
from singalang_runtime.checkpoint.manifest import FORMAT, NAME, Manifest, has_own_hash, place_of
from singalang_runtime.checkpoint.write import sha256_of
from singalang_runtime.codes.e0806_checkpoint_damaged import CheckpointDamaged
from singalang_runtime.codes.e0807_another_model import AnotherModel
from singalang_runtime.codes.e0808_no_checkpoint import NoCheckpoint

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read: where it lies, what it says of itself, and its tensors by key."""

    path: Path
    manifest: Manifest
    tensors: Mapping[str, Array]


def names(folder: Path, sections: Sequence[str]) -> list[str]:
    """Names of the checkpoints in a folder, in the order in which a job of these sections makes them; some may be damaged."""
    found = ((place_of(path.name, sections), path.name) for path in (folder.iterdir() if folder.is_dir() else ()))
    return [name for _, name in sorted((place, name) for place, name in found if place is not None)]


def read_latest(folder: Path, sections: Sequence[str]) -> Outcome[Checkpoint]:
    """The last checkpoint of a folder. Where it is damaged, the hint names the last sound one before it."""
    known = names(folder, sections)
    if not known:
        return Outcome(None, (NoCheckpoint(str(folder.parent), None, ()).diagnostic(),))
    return read_named(folder, known[-1], sections)


def read_named(folder: Path, name: str, sections: Sequence[str]) -> Outcome[Checkpoint]:
    """The checkpoint of a name."""
    known = names(folder, sections)
    if name not in known:
        return Outcome(None, (NoCheckpoint(str(folder.parent), name, tuple(known)).diagnostic(),))
    read = read_checkpoint(folder / name)
    if isinstance(read, Checkpoint):
        return Outcome(read)
    earlier = (other for other in reversed(known[: known.index(name)]))
    previous = next((other for other in earlier if isinstance(read_checkpoint(folder / other), Checkpoint)), None)
    return Outcome(None, (CheckpointDamaged(str(folder / name), read, previous).diagnostic(),))


def read_checkpoint(path: Path) -> Checkpoint | str:
    """The checkpoint in a folder, every byte checked against its hash; or what is wrong with it."""
    manifest = read_manifest(path)
    if isinstance(manifest, str):
        return manifest
    tensors: dict[str, Array] = {}
    for name, sha256 in sorted(manifest.files.items()):
        try:
            if sha256_of(path / name) != sha256:
                return f"`{name}` was altered"
            tensors |= load_file(path / name)
        except (OSError, SafetensorError):
            return f"`{name}` is missing or cannot be read"
    return Checkpoint(path, manifest, tensors)


def read_manifest(path: Path) -> Manifest | str:
    """The manifest of the checkpoint in a folder; or what is wrong with it."""
    try:
        manifest = msgspec.json.decode((path / NAME).read_bytes(), type=Manifest)
    except OSError:
        return f"`{NAME}` is missing or cannot be read"
    except msgspec.DecodeError:
        return f"`{NAME}` is not a manifest"
    if manifest.format.split(".")[0] != FORMAT.split(".")[0]:
        return f"its format is {manifest.format}, and this version reads {FORMAT}"
    return manifest if has_own_hash(manifest) else f"`{NAME}` was altered"


def differences(wanted: Mapping[str, tuple[int, ...]], dtype: str, tensors: Mapping[str, Array]) -> tuple[str, ...]:
    """How these tensors differ from those that are wanted, by key; none if each is there with its shape and dtype."""
    found = []
    for key, shape in wanted.items():
        tensor = tensors.get(key)
        if tensor is None:
            found.append(f"no `{key}`")
        elif tensor.shape != shape:
            found.append(f"`{key}` has shape {list(tensor.shape)}, not {list(shape)}")
        elif str(tensor.dtype) != dtype:
            found.append(f"`{key}` is {tensor.dtype}, not {dtype}")
    return tuple(found)


def check_model(
    checkpoint: Checkpoint, wanted: Mapping[str, tuple[int, ...]], dtype: str, known: Mapping[str, tuple[int, ...]]
) -> tuple[Diagnostic, ...]:
    """What makes a checkpoint one of another model: wanted tensors it lacks, and tensors that the plan does not `know`."""
    foreign = tuple(
        f"`{key}` is not in the plan" for key in sorted(checkpoint.tensors) if key not in known and not key.startswith("metrics/")
    )
    found = (*differences(wanted, dtype, checkpoint.tensors), *foreign)
    return (AnotherModel(str(checkpoint.path), found).diagnostic(),) if found else ()
