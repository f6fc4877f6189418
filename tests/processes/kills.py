"""Kills and stops random processes of running jobs at random moments: every run must end as if nothing had happened.

`python -m tests.processes.kills --kills 100 --stops 40 --seed 0`
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from statistics import median

from tests.processes.disturbed import Blow, Trial, disturbed
from tests.processes.jobs import BODIES, HEARTBEAT_S, Job, job
from tests.processes.present import COORDINATOR


def main() -> int:
    """Tells of every trial, then of all; the exit code says whether something was wrong."""
    asked = _asked()
    folder = Path(tempfile.mkdtemp(prefix="singalang-kills-"))
    jobs: dict[str, Job] = {}
    for name in asked.topologies:
        jobs[name] = job(name, folder / name, asked.steps, asked.every)
        print(f"{name}: starts in {jobs[name].starts_s:.1f} s, trains for {jobs[name].trains_s:.1f} s", flush=True)
    trials: list[Trial] = []
    for number in range(asked.kills + asked.stops):
        blow: Blow = "kill" if number < asked.kills else "stop"
        random = Random(f"{asked.seed}/{number}")
        own = folder / f"trial-{number}"
        trial = disturbed(jobs[asked.topologies[number % len(jobs)]], blow, random, own)
        trials.append(trial)
        print(f"{number + 1:4} {trial.line()}", flush=True)
        if trial.wrong:
            print(trial.told, flush=True)
        else:
            shutil.rmtree(own, ignore_errors=True)
    wrong = sum(bool(trial.wrong) for trial in trials)
    print(_summary(trials))
    if wrong:
        print(f"{wrong} of {len(trials)} trials went wrong; their folders are in {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if wrong else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--stops", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--every", type=int, default=100)
    parser.add_argument("--topologies", nargs="+", choices=[*BODIES], default=[*BODIES])
    return parser.parse_args()


def _summary(trials: list[Trial]) -> str:
    lines = [f"{len(trials)} trials, {sum(not trial.wrong for trial in trials)} right"]
    for blow in ("kill", "stop"):
        own = [trial for trial in trials if trial.blow == blow]
        times = [trial.found_s for trial in own if trial.found_s is not None and trial.process != COORDINATOR]
        if own:
            struck = Counter("coordinator" if trial.process == COORDINATOR else "another" for trial in own)
            doing = Counter(trial.doing.split()[0] for trial in own if trial.doing)
            lines.append(f"{blow}: {dict(struck)}; when struck they were {dict(doing)}")
        if times:
            beats = [f"{seconds / HEARTBEAT_S:.2f}" for seconds in (median(times), max(times))]
            lines.append(f"{blow}: found after {beats[0]} periods at the median, {beats[1]} at most ({len(times)} reports)")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
