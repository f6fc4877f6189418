"""From a plan's data sections to batches: opening, order, gathering, reading ahead. Knows no kernel and no kind of source."""
