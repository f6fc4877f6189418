"""From source text to syntax tree, with recovery. The only place that knows Lark."""
