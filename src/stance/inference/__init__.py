"""Files in, scored files out; and what checkpoints are made into."""
