"""The page of `singa show`: what a plan says, drawn and written out. Reads plans; knows no kernel's content and no process."""
