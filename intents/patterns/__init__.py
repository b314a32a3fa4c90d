"""The embedded classifier: rules of words and expressions, and what was learned of labelled messages."""
