"""What `singa calibrate` does: measures the speeds of this machine that predictions need."""
