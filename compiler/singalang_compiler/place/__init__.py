"""Who does the work: processes, parameter slices, the programs of workers and servers, and what they are predicted to cost."""
