"""What singalang is measured against: the same training, written by hand."""
