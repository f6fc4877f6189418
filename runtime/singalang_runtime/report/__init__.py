"""What people see of a run. Knows no kernel and no file."""
