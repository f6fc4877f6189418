"""What `singa diff` tells of two plans, in a user's words. Reads plans; knows no program and no kernel's content."""
