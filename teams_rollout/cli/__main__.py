"""`python -m teams_rollout.cli` is the `rollout` command."""

from teams_rollout.cli.main import main

main()
