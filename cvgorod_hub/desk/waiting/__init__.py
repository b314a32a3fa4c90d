"""The board of clients who wait for an answer."""
