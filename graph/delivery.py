"""Was it sent? What an answer proves about a message that must not be sent twice.

Mail and cards carry no token by which Microsoft would know a repeat, so doubt must never be taken
for a failure: only what was certainly not carried out may be tried again.
"""

from dataclasses import dataclass
from enum import StrEnum

from graph.wire import Answer, Failure
from teams_rollout.domain.outcomes import CallResult


class Certainty(StrEnum):
    """What is known of a message."""

    SENT = "sent"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one message, and the classified answer with its ids and times."""

    certainty: Certainty
    result: CallResult


_NEVER_LEFT = frozenset(
    {Failure.UNREACHABLE, Failure.SIGN_IN, Failure.FORBIDDEN, Failure.DELAYED},
)
_NOT_CARRIED_OUT = 501


def certainty_of(answer: Answer) -> Certainty:
    """Sent, certainly not sent, or unknown: lost answers and errors of the server prove nothing."""
    if answer.is_success:
        return Certainty.SENT
    if answer.failure in _NEVER_LEFT or answer.is_throttled:
        return Certainty.NOT_SENT
    lost = answer.failure is not Failure.NONE or answer.status == 408
    if lost or (answer.status >= 500 and answer.status != _NOT_CARRIED_OUT):
        return Certainty.UNKNOWN
    return Certainty.NOT_SENT
