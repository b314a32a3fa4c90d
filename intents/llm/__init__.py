"""Asking a language model, DeepSeek: what is due, what is asked, what it may cost, what keeps it."""
