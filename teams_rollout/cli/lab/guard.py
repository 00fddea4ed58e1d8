"""Starts one part so that it cannot outlive the lab: `python -m teams_rollout.cli.lab.guard`.

A lab that is killed with -9 can tidy nothing up. So each part is started through this module, which
asks Linux to send the part a SIGTERM when the lab's process ends, and then becomes the part
(same process id). Elsewhere than on Linux it only becomes the part.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def guarded(command: list[str]) -> list[str]:
    """The command that runs another command under this guard, as a child of this process."""
    return [sys.executable, "-m", "teams_rollout.cli.lab.guard", str(os.getpid()), *command]


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, then become the command.

    Args:
        arguments: the parent's process id, then the command with its arguments.
    """
    parent, *command = arguments
    if sys.platform == "linux":
        _end_with_parent()
    # The parent may have gone before the tie was made: then nobody would ever stop this part.
    if os.getppid() != int(parent):
        sys.exit(f"the lab (process {parent}) has gone")
    os.execvp(command[0], command)  # noqa: S606 - the lab's own command, no shell


def _end_with_parent() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
