"""Each fault for some time under load, counted at its end: a table, and 1 where the numbers differ."""

import os
import sys
import time
import traceback
from argparse import ArgumentParser, Namespace

import django

HEAD = ("fault", "messages", "approved", "sent", "unknown", "recovered in")
SECONDS = 45


def main() -> int:
    asked = _read_arguments()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests.cvgorod_hub.conftest import open_folder
    from tests.drills.faults import FAULTS
    from tests.drills.hub import drill_hub
    from tests.drills.load import Load
    from tests.drills.reckoning import reckon

    chosen = {name: fault for name, fault in FAULTS.items() if asked.only.lower() in name.lower()}
    _say(*HEAD)
    with open_folder() as folder, drill_hub(folder) as (hub, key):
        load = Load(hub, key)
        for name, fault in chosen.items():
            try:
                with load.on():
                    fault(hub, load, asked.seconds)
                over = time.monotonic()
                found = reckon(hub, load)
            except AssertionError:
                sys.stdout.write(f"{name}:\n{traceback.format_exc()}")
                hub.keep_logs()
                return 1
            doubt = f"{found.unknown} ({found.arrived} arrived)"
            _say(name, found.messages, found.approved, found.sent, doubt, f"{time.monotonic() - over:.1f} s")
    sys.stdout.write("Nothing was lost, nothing was doubled.\n")
    return 0


def _read_arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long each fault lasts")
    parser.add_argument("--only", default="", help="faults whose name holds this")
    return parser.parse_args()


def _say(name: object, *cells: object) -> None:
    sys.stdout.write(f"{name!s:34}" + "".join(f"{cell!s:>18}" for cell in cells) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
