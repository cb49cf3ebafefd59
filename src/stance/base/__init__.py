"""Labels, errors, files and the types that all other folders use; nothing here is about machine learning."""
