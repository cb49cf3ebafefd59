"""A language model that is asked: what it is asked, by whom, and what its answers say of a row."""
