"""The schedules of the library: the file's name is the kind's name."""
