class EmbeddedServerError(Exception):
    """An embedded server cannot be had; the message says why, and what to do, in one line."""
