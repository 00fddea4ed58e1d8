"""The reason catalogue: every code in words for helpdesk, pages and reports. Room: domain, pure."""

from collections.abc import Mapping
from types import MappingProxyType

from teams_rollout.domain.reasons.account import ACCOUNT
from teams_rollout.domain.reasons.hand_off import HAND_OFF
from teams_rollout.domain.reasons.model import Owner, Reason
from teams_rollout.domain.reasons.service import SERVICE
from teams_rollout.domain.reasons.waiting import WAITING
from teams_rollout.domain.vocabulary import UserState

__all__ = ["REASONS", "Owner", "Reason", "reason"]

REASONS: Mapping[str, Reason] = MappingProxyType(
    {entry.code: entry for entry in (*WAITING, *HAND_OFF, *ACCOUNT, *SERVICE)}
)


def reason(code: str) -> Reason:
    """The words for a code; one that nobody has described yet gets general ones that name it."""
    return REASONS.get(code) or Reason(
        code=code,
        state=UserState.FAILED,
        sentence=f"Something happened for which there is no description yet ({code or 'no code'}).",
        say="We are looking into it and will call you back.",
        do=f"Pass it to the project team and name the code: {code or 'none given'}.",
        owner=Owner.PROJECT_TEAM,
    )
