"""All models (priors, linear models, kernel, encoders, language models): how they are fitted, saved and loaded."""
