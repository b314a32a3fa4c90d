"""The demo's agent: a program of its own that knows the hub by its public API only.

hub         the API, with errors said once
replies     what to propose
agent       when to propose it
stopping    SIGTERM and Ctrl-C as something to wait for
people      who of the simulated Telegram's people is ours (the only part that sees the database)
"""
