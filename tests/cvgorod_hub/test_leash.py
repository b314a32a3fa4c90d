import subprocess
import sys

import pytest

from cvgorod_hub.common.leash import leashed
from tests.cvgorod_hub.running_hub import ROOT, has_ended

PARENT = """
import os, subprocess
from cvgorod_hub.common.leash import leashed
child = subprocess.Popen(leashed(["cat"]), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdin.write(b"here\\n")
child.stdin.flush()
child.stdout.readline()
os.set_inheritable(child.stdin.fileno(), True)
# Else `cat` would end with its input.
holder = subprocess.Popen(["sleep", "30"], close_fds=False, stdout=subprocess.DEVNULL)
print(child.pid, holder.pid, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_a_leashed_process_ends_with_its_parent() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    child, holder = map(int, done.stdout.split())
    try:
        assert has_ended(child)
    finally:
        subprocess.run(["kill", str(holder)], check=True)


def test_a_leashed_process_is_the_command_itself() -> None:
    code = "import os; print(os.getpid()); raise SystemExit(7)"
    process = subprocess.Popen(leashed([sys.executable, "-c", code]), stdout=subprocess.PIPE, text=True)
    output, _ = process.communicate()
    assert (int(output), process.returncode) == (process.pid, 7)
