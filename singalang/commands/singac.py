"""`singac`: a program to a plan and its kernels."""

from __future__ import annotations

import gc
from pathlib import Path

import click

from singalang.boundary import Exit
from singalang.telling import DIAGNOSTICS, tell
from singalang.version import VERSION
from singalang_compiler.machine import Machine, read_machine
from singalang_compiler.pipeline import STAGES, Request, run
from singalang_grammar.diagnostics import Outcome


@click.command("singac", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path())
@click.option(
    "-o", "--output", default="plan.json", show_default=True, type=click.Path(), help="The plan; its kernels go beside it."
)
@click.option("-t", "--topology", metavar="NAME", help="A topology of the program by name, or FILE.singa:NAME.")
@click.option("-s", "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set an arg, or a field: train.steps=10.")
@click.option("--check", is_flag=True, help="Tell all mistakes and write nothing; runs no Python file of yours.")
@click.option("--emit", type=click.Choice([stage.name for stage in STAGES]), help="Print what stands after a stage; write nothing.")
@click.option(
    "--platforms", default="cpu", show_default=True, metavar="LIST", help="What the plan shall run on: cpu, cuda, tpu, with commas."
)
@click.option(
    "--machine", "machine_file", type=click.Path(), help="A machine to predict times for; default: a built-in reference machine."
)
@DIAGNOSTICS
@VERSION
def command(
    file: str,
    output: str,
    topology: str | None,
    settings: tuple[str, ...],
    check: bool,
    emit: str | None,
    platforms: str,
    machine_file: str | None,
    form: str,
) -> int:
    """Compile FILE, a .singa program, to a plan that `singa exec` runs."""
    if Path(file).suffix == ".json":
        raise click.UsageError(f"`{file}` looks like a plan, which is compiled already: run it with `singa exec {file}`")
    machine = read_machine(machine_file) if machine_file else Outcome(Machine())
    if machine.value is None:
        return tell(machine.diagnostics, form)
    request = Request(file, settings, topology, check, _platforms(platforms), machine.value)
    if check:
        return _check(request, form)
    if emit:
        return _emit(request, emit, form)
    return _compile(request, Path(output), form)


def _platforms(text: str) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [name for name in wanted if name not in ("cpu", "cuda", "tpu")]
    if unknown or not wanted:
        raise click.BadParameter(f"`{text}`: platforms are cpu, cuda and tpu, with commas", param_hint="--platforms")
    return wanted


def _check(request: Request, form: str) -> int:
    found = run(request, "place").diagnostics
    if not found and form == "text":
        click.echo(f"{request.path}: no mistakes", err=True)
    return tell(found, form)


def _emit(request: Request, stage: str, form: str) -> int:
    from singalang.emit import printed

    if stage == "plan":
        gc.enable()  # as when compiling
    outcome = run(request, stage)
    status = tell(outcome.diagnostics, form) if outcome.diagnostics else Exit.FINE
    if outcome.value is not None:
        click.echo(printed(outcome.value), nl=False)
    return status


def _compile(request: Request, output: Path, form: str) -> int:
    from singalang_compiler.lower.write import write

    gc.enable()  # tracing kernels makes cycles
    outcome = run(request, "plan")
    written = write(outcome.value, output) if outcome.value is not None else Outcome(None)
    found = (*outcome.diagnostics, *written.diagnostics)
    status = tell(found, form) if found or form == "json" else Exit.FINE
    if outcome.value is not None and not written.failed and form == "text":
        from singalang.summary import print_summary

        print_summary(outcome.value.plan, output)
    return status
