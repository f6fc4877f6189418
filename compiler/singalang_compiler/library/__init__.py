"""What a user could have written: every kind of the language, one file a kind."""
