"""One run that is disturbed at one moment: a process of it is killed or stopped. What then happened, and what was wrong with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any, Literal
from uuid import uuid4

from tests.processes.jobs import HEARTBEAT_S, Job, exec_words, left_by, resume_words, surroundings
from tests.processes.present import COORDINATOR, MARK, Present, end_all, gone, named_memory, present

RUN_BOUND_S = 150.0
"""A run that takes longer hangs."""
GONE_BOUND_S = 5.0
POLL_S = 0.004
SLACK_S = 0.15
"""How late this program may see what happened, on a machine that is busy."""
Blow = Literal["kill", "stop"]


@dataclass
class Trial:
    """What was done to a run and what came of it. `moment_s`: seconds after its start; `found_s`: after how long the loss was
    reported, counted from when the coordinator has its job open and watches; None where it was not; `wrong`: what should not be."""

    job: str
    blow: Blow
    process: str = ""
    moment_s: float = 0.0
    doing: str = ""
    found_s: float | None = None
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    told: str = ""

    def line(self) -> str:
        """The trial on a line."""
        found = f"found after {self.found_s:5.2f} s" if self.found_s is not None else "not reported    "
        head = f"{self.blow} {self.job:8} {self.process:12} at {self.moment_s:5.2f} s {found} {self.doing:13} {self.seconds:5.1f} s"
        return f"{head}  {'WRONG: ' + '; '.join(self.wrong) if self.wrong else 'right'}"


def disturbed(job: Job, blow: Blow, random: Random, folder: Path) -> Trial:
    """Runs a job, strikes one of its processes at a random moment, and looks at all that is left. `folder` is a new one."""
    while True:
        folder.mkdir(parents=True)
        trial = _Disturbed(job, blow, random, folder).run()
        if trial is not None:
            return trial
        folder = folder.with_name(folder.name + "x")  # it was over before it could be struck


class _Disturbed:
    def __init__(self, job: Job, blow: Blow, random: Random, folder: Path) -> None:
        self.job, self.blow, self.random = job, blow, random
        self.path, self.mark = folder / "run", uuid4().hex
        self.env = surroundings(job.plan.parent, TMPDIR=str(folder), **{MARK: self.mark})
        self.trial = Trial(job.name, blow)
        self.log = (folder / "told.txt").open("w+b")
        self.shared = named_memory()
        self.begun = 0.0
        self.early = False

    def run(self) -> Trial | None:
        """The trial; None where the run was over too soon."""
        try:
            struck = self._run()
        finally:
            end_all(self.mark)
            self.log.seek(0)
            self.trial.told = self.log.read().decode(errors="replace")
            self.log.close()
        return self.trial if struck else None

    def _run(self) -> bool:
        self.begun = monotonic()
        running = self._start(exec_words(self.job.plan, self.path))
        # a coordinator is struck less often than each of the others, of which there are more
        alone = self.random.random() < 0.2
        self._wait_for_the_moment(running)
        victim = self._victim(running, alone)
        if victim is None:
            running.wait(RUN_BOUND_S)
            return False
        over = (self.path / "checkpoints" / self.job.last).exists()  # then processes may be leaving, and nobody misses them
        self.early = not any(_lines(self.path / "trace.jsonl"))  # then nobody watches yet: the data are being opened
        os.kill(victim.pid, signal.SIGKILL if self.blow == "kill" else signal.SIGSTOP)
        struck_s = monotonic()
        self.trial.process = victim.name
        self.trial.moment_s = struck_s - self.begun
        if victim.name == COORDINATOR:
            self._coordinator_struck(running)
        else:
            self._follow(running, struck_s, victim.name, over)
        self.trial.seconds = monotonic() - self.begun
        self._look_at_all()
        return True

    def _wait_for_the_moment(self, running: subprocess.Popen[bytes]) -> None:
        """In one run of three a moment while it starts; else one while it trains, evaluates and writes checkpoints."""
        starting = self.random.random() < 1 / 3
        wait_s = self.random.uniform(0.0, self.job.starts_s if starting else self.job.trains_s)
        while not starting and running.poll() is None:
            starting = any(one["event"] == "ProcessesReady" for one in _lines(self.path / "trace.jsonl"))
            sleep(POLL_S)
        sleep(wait_s)

    def _start(self, words: list[str]) -> subprocess.Popen[bytes]:
        self.log.write(f"\n$ {' '.join(words)}\n".encode())
        self.log.flush()
        return subprocess.Popen(words, env=self.env, stdout=self.log, stderr=self.log, cwd=self.path.parent)

    def _victim(self, running: subprocess.Popen[bytes], alone: bool) -> Present | None:
        """Whom to strike: the coordinator, or any of the others, for which it waits."""
        while running.poll() is None:
            if alone:
                return Present(running.pid, COORDINATOR)
            others = [one for one in present(self.mark) if one.name != COORDINATOR and _state(one.pid) not in "ZX"]
            if others:
                return self.random.choice(others)
            sleep(POLL_S)
        return None

    def _coordinator_struck(self, running: subprocess.Popen[bytes]) -> None:
        if self.blow == "stop":
            sleep(5 * HEARTBEAT_S)
            running.send_signal(signal.SIGCONT)
            if self._waited(running) and running.returncode:
                self.trial.wrong.append(f"exit code {running.returncode} after a pause of the coordinator")
            self._nobody_is_lost()
            return
        running.wait()
        self.trial.found_s = gone(self.mark, GONE_BOUND_S)
        if self.trial.found_s is None:
            self.trial.wrong.append(f"orphans: {[one.name for one in present(self.mark)]}")
        begun = (self.path / "run.json").exists()
        again = self._start(resume_words(self.path) if begun else exec_words(self.job.plan, self._other_path()))
        if self._waited(again) and again.returncode:
            self.trial.wrong.append(f"exit code {again.returncode} when it should go on")

    def _other_path(self) -> Path:
        """Another run folder, where a run was killed before it was one."""
        self.path = self.path.with_name("run-2")
        return self.path

    def _follow(self, running: subprocess.Popen[bytes], struck_s: float, name: str, over: bool) -> None:
        """Watches for the report of a loss, then for the end."""
        deadline = monotonic() + RUN_BOUND_S
        watched_s = None  # since when somebody watches, and the process lies struck
        while running.poll() is None and monotonic() < deadline:
            if watched_s is None and any(_lines(self.path / "trace.jsonl")):
                watched_s = monotonic() if self.early else struck_s
            if self.trial.found_s is None and self._losses():
                self.trial.found_s = monotonic() - (watched_s or struck_s)
            sleep(POLL_S if self.trial.found_s is None else 0.05)
        if not self._waited(running, 0.1):
            return
        if running.returncode:
            self.trial.wrong.append(f"exit code {running.returncode}")
        losses = self._losses()
        if self.trial.found_s is None or not losses:
            if not over:
                self.trial.wrong.append("the loss was not reported")
            return
        self._judge(losses, name)

    def _judge(self, losses: list[dict[str, Any]], name: str) -> None:
        """Whether the report names the right process, in time."""
        lost, trial = losses[0], self.trial
        trial.doing = f"{lost['doing']} {lost['step']}"
        cause = "dead" if self.blow == "kill" else "stopped"
        if len(losses) > 1 or (lost["process"], lost["cause"]) != (name, cause):
            trial.wrong.append(f"reported: {[(one['process'], one['cause']) for one in losses]}")
        bound_s = HEARTBEAT_S * (1 if self.blow == "kill" else 4) + SLACK_S
        if trial.found_s is not None and trial.found_s > bound_s:
            trial.wrong.append(f"found after {trial.found_s:.2f} s")
        if self.blow == "kill" and lost["code"] != -signal.SIGKILL:
            trial.wrong.append(f"code {lost['code']}")
        happened = "was killed by SIGKILL" if self.blow == "kill" else "stopped"
        if f"process `{name}` {happened} " not in Path(self.log.name).read_text():
            trial.wrong.append("nobody was told")

    def _nobody_is_lost(self) -> None:
        if losses := self._losses():
            self.trial.wrong.append(f"blamed: {[(one['process'], one['cause']) for one in losses]}")

    def _losses(self) -> list[dict[str, Any]]:
        return [one for one in _lines(self.path / "trace.jsonl") if one["event"] == "ProcessLost"]

    def _waited(self, running: subprocess.Popen[bytes], bound_s: float = RUN_BOUND_S) -> bool:
        try:
            running.wait(bound_s)
        except subprocess.TimeoutExpired:
            states = {one.name: _state(one.pid) for one in present(self.mark)}
            self.trial.wrong.append(f"hangs: {states}")
            end_all(self.mark)
            running.wait()
            return False
        return True

    def _look_at_all(self) -> None:
        """Nothing may be left but the run, and that must be what it would have been."""
        wrong = self.trial.wrong
        if gone(self.mark, 0.5) is None:
            wrong.append(f"orphans: {[one.name for one in present(self.mark)]}")
        if left := named_memory() - self.shared:
            wrong.append(f"shared memory left: {sorted(left)}")
        hidden = [path.name for path in self.path.rglob(".*")]
        strange = [path.name for path in self.path.parent.iterdir() if path.name not in ("run", "run-2", "told.txt")]
        if hidden or strange:
            wrong.append(f"files left: {hidden + strange}")
        found = left_by(self.path) if (self.path / "metrics.jsonl").exists() else {}
        if found != self.job.left:
            names = sorted(name for name in {*found, *self.job.left} if found.get(name) != self.job.left.get(name))
            wrong.append(f"other bytes: {', '.join(names[:3])} ({len(names)} files)")


def _state(pid: int) -> str:
    """The state of a process as the system writes it: R, S, T, Z ..., X for one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file of JSON lines, as far as they are whole."""
    try:
        text = path.read_text()
    except OSError:
        return
    for line in text.split("\n")[:-1]:
        yield json.loads(line)
