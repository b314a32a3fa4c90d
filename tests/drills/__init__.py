"""Faults under load, counted at the end: nothing lost, nothing doubled, recovered without hands.

`make drill` runs each fault for minutes (`python -m tests.drills`); tests/e2e/test_faults.py for seconds.

link      a line between hub and PostgreSQL that a drill slows down, stops and cuts
hub       the hub's real processes on servers of their own, some sweeps and pauses shortened
load      clients who write all the time, a person who approves all the time
faults    what is done to the hub
reckoning what must be true when it is over
"""
