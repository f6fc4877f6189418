"""Checkpoints: tensors by name in folders that are whole or not there. Knows no kernel and no device."""
