"""Where every command ends: exit codes, and our own bugs told as such. A user never sees a traceback."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback
from enum import IntEnum

import click


class Exit(IntEnum):
    """What a command's exit code says."""

    FINE = 0
    MISTAKE = 1  # the program or the data are wrong
    USAGE = 2
    FAILED = 3  # the job failed
    BUG = 70
    INTERRUPTED = 130


def guarded(command: click.Command, name: str) -> int:
    """Runs a command to its exit code."""
    try:
        result = _run(command, name)
        sys.stdout.flush()  # here, where it may fail
        return int(result) if isinstance(result, int) else Exit.FINE
    except click.exceptions.Exit as left:
        return left.exit_code
    except click.ClickException as fault:
        fault.show()
        return Exit.USAGE
    except (click.exceptions.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        _silence_stdout()
        return Exit.FINE
    except OSError as fault:
        if fault.errno not in (errno.ENOSPC, errno.EDQUOT):
            return _report(fault, name)
        _silence_stdout()
        print(f"{name}: cannot write what was asked for: {fault.strerror}", file=sys.stderr)
        return Exit.MISTAKE
    except Exception as bug:
        return _report(bug, name)


def _run(command: click.Command, name: str) -> object:
    """What click's own `main` does, but for broken pipes, which it would turn into an exit code of 1."""
    if f"_{name}_complete".upper() in os.environ:  # a shell asks how a word may go on
        return command.main(prog_name=name)
    with command.make_context(name, sys.argv[1:]) as context:
        return command.invoke(context)


def _silence_stdout() -> None:
    """Sends what is still unwritten nowhere, so that the interpreter's last flush does not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report(bug: Exception, name: str) -> int:
    """Tells of a bug of ours; the traceback goes to a file that the user can send."""
    text = "".join(traceback.format_exception(bug))
    print(f"\nThis is a bug in singalang, not in your program: {type(bug).__name__} in `{name}`.", file=sys.stderr)
    try:
        with tempfile.NamedTemporaryFile("w", prefix="singalang-bug-", suffix=".txt", delete=False, encoding="utf-8") as file:
            file.write(f"command: {' '.join(sys.argv)}\n\n{text}")
        print(f"Please report it, with the file {file.name} and your program.", file=sys.stderr)
    except OSError:
        print(f"Please report it, with your program and this line: {text.strip().splitlines()[-1]}", file=sys.stderr)
    return Exit.BUG
