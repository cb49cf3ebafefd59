"""What people read about a model: the page of an evaluation, figures, the model card, the list of mistakes."""
