"""`python -m benchmarks.run [NAME ...]`: every measurement, its median ratio with a 95 % interval, and the bar it is held to."""

from __future__ import annotations

import argparse
import os
import platform
from importlib import import_module

CASES = ("exec_loop", "against_torch", "check_cold", "scale", "many_processes", "bare_loop", "first_step")


def main() -> None:
    """Prints one line a ratio. Ends with 0 whatever the figures are: they are for people to read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure, of {', '.join(CASES)}; default: all")
    parser.add_argument("--pairs", type=int, default=9, help="interleaved pairs of each (default: 9)")
    chosen = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"ratio: median [95 % interval] of {chosen.pairs} interleaved pairs")
    for name in chosen.names or CASES:
        for result in import_module(f"benchmarks.{name}").measure(chosen.pairs):
            print(result, flush=True)


if __name__ == "__main__":
    main()
