"""`make bench`: what the hub promises about speed, measured beside its own bound in one run.

Not tests: nothing here fails for being slow. Each measure is a module with `measure() -> list[Row]`.
"""
