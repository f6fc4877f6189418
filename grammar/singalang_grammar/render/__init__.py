"""Printers of diagnostics."""
