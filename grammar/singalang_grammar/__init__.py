"""Source text, diagnostics and the grammar of the .singa language."""
