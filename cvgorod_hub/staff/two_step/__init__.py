"""Authenticator apps: a second step of the login, by codes of 30 seconds (TOTP, RFC 6238)."""
