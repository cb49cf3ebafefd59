"""One training from configuration to checkpoint."""
