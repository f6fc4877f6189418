"""The diagnostics of this package, one file a code."""
