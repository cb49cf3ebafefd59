"""What a model does when its input is changed: probes, composed cases, edits, pairs."""
