"""One file for each published corpus."""
