"""Lets the SDK read dates in history with the standard library (localhost, optional).

SDK 1.7 parses every timestamp of every event on every replay with dateutil, which is most of the
cost of a turn. The hook touches a private name of the SDK: when it is not there any more, nothing
is changed. Delete this module when the SDK stops using dateutil.
"""

import logging
import sys
from collections.abc import Callable
from datetime import datetime

logger = logging.getLogger(__name__)


def use_fast_dates() -> bool:
    """Replace the SDK's parser, with the SDK's own as a fallback; say whether that worked."""
    import azure.durable_functions.models.history.HistoryEvent  # noqa: F401, PLC0415 - only now

    module = sys.modules.get("azure.durable_functions.models.history.HistoryEvent")
    slow = getattr(module, "dt_parse", None)
    if module is None or slow is None:
        logger.warning("The SDK has no date parser to replace; replays stay slow")
        return False
    module.dt_parse = fast_parser(slow)  # type: ignore[attr-defined]  # a private name of the SDK
    return True


def fast_parser(slow: Callable[[str], datetime]) -> Callable[[str], datetime]:
    """Return a parser that gives what `slow` gives, and asks it only for unusual texts."""

    def parse(text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return slow(text)
        return moment if moment.tzinfo is not None else slow(text)

    return parse
