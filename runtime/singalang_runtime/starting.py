"""The checkpoint that a train section's `start` names: looked up before the job runs, read when the section begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from singalang_compiler.plan import Plan, SectionRecord
from singalang_grammar.diagnostics import Outcome
from singalang_runtime.checkpoint.manifest import NAME, Manifest
from singalang_runtime.checkpoint.read import Array, Checkpoint, names, read_checkpoint, read_manifest
from singalang_runtime.codes.e0802_no_run import NoRun
from singalang_runtime.codes.e0806_checkpoint_damaged import CheckpointDamaged
from singalang_runtime.codes.e0808_no_checkpoint import NoCheckpoint
from singalang_runtime.codes.e0908_start_fits_nothing import StartFitsNothing
from singalang_runtime.layout import Layout
from singalang_runtime.plan_files import read_plan
from singalang_runtime.storage import StorageFailed


@dataclass(frozen=True, slots=True)
class Start:
    """A checkpoint to start from, and the keys of the tensors that fit the section: equal in name and shape."""

    path: Path
    keys: tuple[str, ...]

    def read(self, dtype: np.dtype[np.floating]) -> dict[str, Array]:
        """The tensors, in the section's precision. Raises StorageFailed where the checkpoint was damaged meanwhile."""
        checkpoint = read_checkpoint(self.path)
        if not isinstance(checkpoint, Checkpoint):
            raise StorageFailed(CheckpointDamaged(str(self.path), checkpoint, None).diagnostic())
        return {key: checkpoint.tensors[key].astype(dtype) for key in self.keys}


def find_start(plan: Plan, section: SectionRecord, data: Path) -> Outcome[Start]:
    """What a section's `start` names, a run or a checkpoint, relative to `data`; neither value nor fault where it has none."""
    if section.start is None:
        return Outcome(None)
    folder = _folder(data / section.start)
    if folder.value is None:
        return Outcome(None, folder.diagnostics)
    manifest = read_manifest(folder.value)
    if not isinstance(manifest, Manifest):
        return Outcome(None, (CheckpointDamaged(str(folder.value), manifest, None).diagnostic(),))
    wanted = {key: shape for key, shape in Layout.of(plan, section).shapes.items() if not key.startswith("slots/")}
    keys = tuple(key for key, shape in wanted.items() if key in manifest.tensors and manifest.tensors[key].shape == shape)
    if not any(key.startswith("parameters/") for key in keys):
        return Outcome(None, (StartFitsNothing(section.name, str(folder.value), _misfits(wanted, manifest)).diagnostic(),))
    return Outcome(Start(folder.value, keys))


def _folder(path: Path) -> Outcome[Path]:
    """The checkpoint at a path: the path itself, or the last of the run there."""
    if (path / NAME).exists():
        return Outcome(path)
    if not (path / "plan.json").exists():
        return Outcome(None, (NoRun(str(path)).diagnostic(),))
    plan = read_plan(path / "plan.json")
    if plan.value is None:
        return Outcome(None, plan.diagnostics)
    known = names(path / "checkpoints", [section.name for section in plan.value.sections])
    if not known:
        return Outcome(None, (NoCheckpoint(str(path), None, ()).diagnostic(),))
    return Outcome(path / "checkpoints" / known[-1])


def _misfits(wanted: dict[str, tuple[int, ...]], manifest: Manifest) -> tuple[str, ...]:
    return tuple(
        f"`{key}` has shape {list(manifest.tensors[key].shape)}, not {list(shape)}" if key in manifest.tensors else f"no `{key}`"
        for key, shape in wanted.items()
        if key.startswith("parameters/")
    )
