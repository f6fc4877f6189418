"""Where numbers went wrong: how large everything in a step is, and who was the first to give what is not finite."""
