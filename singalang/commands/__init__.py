"""The subcommands of `singa`, one file each, imported when used."""
