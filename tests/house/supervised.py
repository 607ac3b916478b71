"""A small plan under the real supervisor: `python -m tests.house.supervised STATE PLAN`."""

from __future__ import annotations

import sys
from pathlib import Path

from arena_site.embedded.claim import Claim
from arena_site.embedded.logs import Console
from arena_site.embedded.process import Kind, Process
from arena_site.embedded.supervisor import StartFailedError, StopRequestedError, Supervisor

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf')"
# The grandchild ends some seconds after its parent, so that a failing test leaves no process.
GRANDCHILD = "import os, sys, time\nwhile os.getppid() == int(sys.argv[1]): time.sleep(4)"
# Ends as if killed the first time, a moment after it was ready.
MORTAL = (
    "import os, sys, time\nmark = sys.argv[1] + '/mark'\n"
    "if not os.path.exists(mark):\n    open(mark, 'w').close(); time.sleep(0.5); os.abort()\n"
    "print('alive again', flush=True); time.sleep(600)"
)
PARENT = (
    "import os, subprocess, sys, time;"
    f"subprocess.Popen([sys.executable, '-c', {GRANDCHILD!r}, str(os.getpid())]);"
    "print('parent', flush=True); time.sleep(600)"
)


def program(name: str, code: str, kind: Kind = Kind.SERVICE, **options: object) -> Process:
    # The state directory on the command line lets the test find what was left behind.
    command = [sys.executable, "-u", "-c", code, sys.argv[1]]
    return Process(name=name, kind=kind, command=command, **options)  # type: ignore[arg-type]


PLANS = {
    "steady": lambda: [
        program("first", "print('one')", Kind.ONE_SHOT, says="first is done"),
        program("second", PARENT, after=("first",), says="second is up", stop_phase=1),
        program("last", "import time; time.sleep(600)", after=("second",), stop_phase=9),
    ],
    "stubborn": lambda: [
        program("deaf", STUBBORN + "; time.sleep(600)", stop_seconds=1.0, says="deaf is up"),
    ],
    "crashing": lambda: [program("crash", "raise SystemExit('no luck')")],
    "database": lambda: [
        program("data", MORTAL, Kind.DATABASE, ready=lambda: True, says="data is up"),
    ],
    "optional": lambda: [
        program("extra", "raise SystemExit(3)", Kind.ONE_SHOT, optional=True),
        program("needed", "import time; time.sleep(600)", after=("extra",), says="needed is up"),
    ],
    "failing": lambda: [program("must", "raise SystemExit('the reason')", Kind.ONE_SHOT)],
}


def main() -> int:
    claim = Claim(Path(sys.argv[1]), "test")
    console = Console()
    supervisor = Supervisor(PLANS[sys.argv[2]](), claim, console)
    supervisor.listen()
    code = 0
    try:
        supervisor.start()
        console.plain("UP")
        supervisor.watch()
    except StopRequestedError:
        pass
    except StartFailedError as error:
        console.plain(str(error))
        code = 1
    supervisor.stop()
    claim.release()
    return code


if __name__ == "__main__":
    sys.exit(main())
