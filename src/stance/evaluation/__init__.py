"""How good, how sure, and whether it reads."""
