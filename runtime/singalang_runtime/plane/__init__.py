"""The data plane: how payloads get from one role to another."""
