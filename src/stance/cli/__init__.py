"""The command ``stance``: a file for each command. Only this folder uses Hydra."""
