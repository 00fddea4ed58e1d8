"""The `rollout` command from its first moment on, also as `python -m teams_rollout.cli`."""

import sys

INTERRUPTED = 130  # `errors.EXIT_INTERRUPTED`, which is not loaded yet


def entry() -> None:
    """The console script; Ctrl-C while the command is still being loaded is no error either."""
    try:
        from teams_rollout.cli.main import main  # noqa: PLC0415 - the load is what may be broken off
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    main()


if __name__ == "__main__":
    entry()
