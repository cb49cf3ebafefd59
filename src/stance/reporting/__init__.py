"""What people read: the page, figures, model card, list of mistakes."""
