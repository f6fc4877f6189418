"""Writes checkpoints: a folder gets its name only when all of it is on the disk."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from singalang_runtime.checkpoint.manifest import NAME, TENSORS, Manifest, TensorRecord, model_of, to_bytes
from singalang_runtime.storage import replace_folder, sync_file, sync_folder, writing

Array: TypeAlias = np.ndarray[Any, Any]


def write_checkpoint(folder: Path, tensors: Mapping[str, Array], manifest: Manifest) -> int:
    """Writes a checkpoint to `folder`, in the place of one that may be there; returns its bytes. Raises StorageFailed.

    Files, tensors and model are filled into the manifest. Whenever the process or the machine stops, `folder` is whole or is
    what it was before.
    """
    beside = folder.with_name(f".{folder.name}.new")
    with writing(folder, "a checkpoint"):
        try:
            shutil.rmtree(beside, ignore_errors=True)
            beside.mkdir(parents=True)
            written = _fill(beside, tensors, manifest)
            replace_folder(beside, folder)
        except OSError:
            shutil.rmtree(beside, ignore_errors=True)
            raise
    return written


def _fill(folder: Path, tensors: Mapping[str, Array], manifest: Manifest) -> int:
    path = folder / TENSORS
    _save(path, {key: np.asarray(tensors[key], order="C") for key in sorted(tensors)})
    sync_file(path)
    records = {key: TensorRecord(dtype=str(tensor.dtype), shape=tensor.shape) for key, tensor in tensors.items()}
    whole = msgspec.structs.replace(manifest, tensors=records, model=model_of(records), files={TENSORS: sha256_of(path)})
    content = to_bytes(whole)
    with (folder / NAME).open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod((folder / NAME).stat().st_mode)  # safetensors makes files that nobody else may read
    sync_folder(folder)
    return path.stat().st_size + len(content)


def _save(path: Path, tensors: dict[str, Array]) -> None:
    """Raises OSError, as the system's own functions do, also for what the library reports in words of its own."""
    try:
        save_file(tensors, path)
    except SafetensorError as failure:
        full = "os error 28" in str(failure) or "No space left" in str(failure)
        raise OSError(errno.ENOSPC if full else errno.EIO, str(failure)) from None


def sha256_of(path: Path) -> str:
    """The hash of a file. May raise OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
