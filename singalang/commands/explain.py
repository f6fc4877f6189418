"""`singa explain`: what a code means, with a program that earns it and one that does not."""

from __future__ import annotations

import click

from singalang.boundary import Exit


@click.command("explain", short_help="Explain a diagnostic code, or list all.")
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """Explain a diagnostic CODE such as E0201; without one, list all codes."""
    from singalang_grammar.explain import all_codes, find_code, parts_of

    packages = ("singalang_grammar", "singalang_compiler", "singalang_runtime")
    if code is None:
        for number, title in all_codes(packages):
            click.echo(f"{number}  {title}")
        return Exit.FINE
    found = find_code(code.upper(), packages)
    if found is None:
        raise click.UsageError(f"there is no code `{code}`; `singa explain` lists them all")
    parts = parts_of(found)
    click.echo(f"{code.upper()}\n\n{parts.prose}")
    for title, text in (("Wrong", parts.wrong), ("Right", parts.right), ("Cause", parts.cause), ("Cure", parts.cure)):
        if text:
            click.echo(f"\n{title}:\n\n" + "\n".join(f"    {line}".rstrip() for line in text.splitlines()))
    return Exit.FINE
