"""Training: a run from configuration to checkpoint and metrics, fine-tuning, distillation, search."""
