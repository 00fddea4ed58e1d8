"""`python -m teams_rollout.localhost --app DIR --port P --state FILE` (localhost)."""

import sys

from teams_rollout.localhost.main import main

if __name__ == "__main__":
    sys.exit(main())
