"""From somebody's files to a dataset with parts."""
