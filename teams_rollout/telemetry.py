"""What the process says about itself: quiet libraries, and a net for personal data in logs.

Our own records carry ids and counts only; the net is for what a library or an exception text may
let slip.
"""

import logging
import re
from functools import cache

QUIET = ("azure", "httpx", "httpcore", "h2", "hpack", "msal", "urllib3")
"""Libraries that log every request with its address at INFO."""

_ADDRESS = re.compile(r"[\w!#'.^~+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"(?<![\w-])\+\d{7,15}\b")


def redact(text: str) -> str:
    """The text without mail addresses, UPNs and phone numbers."""
    return _NUMBER.sub("<number>", _ADDRESS.sub("<person>", text))


class RedactingFilter(logging.Filter):
    """Rewrites a record's message so that no address or number leaves the process."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always keeps the record, cleaned."""
        message = record.getMessage()
        cleaned = redact(message)
        if cleaned != message:
            record.msg, record.args = cleaned, ()
        return True


@cache
def configure_logging() -> None:
    """Set this up once per process; handlers and levels of our own records are the host's."""
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    net = RedactingFilter()
    for handler in logging.getLogger().handlers:
        handler.addFilter(net)
