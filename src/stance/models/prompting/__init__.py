"""Prompted language models: the prompt, the server or local model, and the parsing of answers."""
