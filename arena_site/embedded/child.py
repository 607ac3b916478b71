"""Become a supervised child: give up rights, tie one's life to the supervisor's, then `exec`.

Run as `python -I -S child.py PARENT_PID DEATH_SIGNAL UID GID COMMAND...`, a `-` for what
stays. A program of its own and not a `preexec_fn`, since between fork and exec a process that has
threads may do almost nothing. Order matters: a change of uid clears the parent-death signal, and
a parent that died before it was set is noticed by asking once more.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, death_signal, uid, gid, *command = sys.argv[1:]
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("the supervisor is gone")
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, programs expect them
        signal.signal(number, signal.SIG_DFL)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
