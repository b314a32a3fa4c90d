"""`python leash.py PARENT COMMAND …`: run a command that is asked to stop when its parent dies.

The parent is named by its process id. Linux only; elsewhere the command just runs. A script of its own,
not a `preexec_fn`, because what runs between fork and exec must not need a lock that a thread held.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>; survives execve(2)


def leashed(command: list[str]) -> list[str]:
    """The command, to be started by this process so that it does not outlive it."""
    return [sys.executable, "-I", "-S", str(Path(__file__)), str(os.getpid()), *command]


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("the parent is gone")  # it died before the leash was on
    os.execvp(command[0], command)  # noqa: S606  (runs what its parent says, that is all it is for)


if __name__ == "__main__":
    main()
