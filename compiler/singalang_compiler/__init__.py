"""From a syntax tree to a plan."""
