"""A process of its own that looks for a run's culprit or measures a checkpoint: `python -m singalang_runtime.culprit RUN ...`. It
prints one line of JSON. Started by `find`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from math import inf
from pathlib import Path

import msgspec

from singalang_runtime.processes.child import die_with
from singalang_runtime.processes.cores import bind


def main(words: list[str]) -> None:
    """Does what the words say."""
    options = _parser().parse_args(words)
    if options.parent is not None:
        die_with(options.parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which knows what to do
    if options.cores is not None:
        bind([int(core) for core in options.cores.split(",")])
    from singalang_runtime.culprit.replay import Target
    from singalang_runtime.culprit.search import RunAt, norms, search

    run = RunAt(options.run, options.data, options.cache)
    if options.norms is not None:
        found: object = norms(run, options.norms)
    else:
        found = search(run, Target(options.section, options.step, options.limit))
    os.write(sys.stdout.fileno(), msgspec.json.encode(found) + b"\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m singalang_runtime.culprit", description=__doc__)
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder")
    parser.add_argument("--section", type=int, default=0, help="number of the train section, counted from 0")
    parser.add_argument("--step", type=int, default=0, help="after so many steps something was not finite")
    parser.add_argument("--limit", type=float, default=inf, metavar="SECONDS", help="how long it may take")
    parser.add_argument("--norms", metavar="CHECKPOINT", help="tell the sizes of this checkpoint instead")
    parser.add_argument("--data", type=Path, help="folder of the data; default: the run's")
    parser.add_argument("--cache", type=Path, help="folder of compiled kernels")
    parser.add_argument("--cores", help="numbers of the cores to use, with commas")
    parser.add_argument("--parent", type=int, help="the process with which this one dies")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
