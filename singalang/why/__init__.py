"""What `singa why` answers: what the compiler decided, why, and what else it might have. Reads plans; knows no kernel's content."""
