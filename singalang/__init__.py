"""The commands `singac` and `singa`."""
