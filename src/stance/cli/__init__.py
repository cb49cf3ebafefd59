"""The one door to Hydra."""
