"""One group of workers and servers that train together: what each holds and does. Decides nothing: state machines do."""
