"""The sections of a program and their fields, one file a section."""
