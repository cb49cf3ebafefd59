"""Everything that answers: priors, linear models, encoders, language models, and the door to them."""
