"""What everything rests on: labels, errors, files, the types that travel. No word of machine learning."""
