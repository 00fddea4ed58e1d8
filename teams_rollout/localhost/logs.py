"""The host's log: one line a record, with function, invocation and instance (localhost)."""

import logging
import sys
from typing import Final

from teams_rollout.localhost.invoke import current_function, current_instance, current_invocation

_FORMAT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s%(where)s"
_NOISY: Final = ("azure", "aiohttp.access", "asyncio", "urllib3")


class _Where(logging.Filter):
    """Adds the current function, invocation and instance to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        function = current_function.get()
        record.where = ""
        if function != "-":
            record.where = (
                f" [function={function} invocation={current_invocation.get()} "
                f"instance={current_instance.get()}]"
            )
        return True


def set_up_logs(level: str) -> None:
    """Send records of this level and above to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.addFilter(_Where())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
