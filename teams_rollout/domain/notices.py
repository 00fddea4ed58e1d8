"""Notices: who is told what, on which occasion, and who never is. Pure.

The same decision serves the preview, the sending and the printable lists, so that what is shown is
what is done (docs/notices.md has the table in words).
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.configuration import NoticeKind, RolloutConfig, WaveSection
from teams_rollout.domain.observed import ObservedUser
from teams_rollout.domain.progress import Summary
from teams_rollout.domain.vocabulary import UserState, WaveState

__all__ = [
    "LIFETIMES",
    "NoticeKind",
    "NoticeMark",
    "Person",
    "Route",
    "Way",
    "day_of",
    "fitting_kind",
    "obstacle",
    "occasion_of",
    "route",
]

UNCERTAIN = "notice_uncertain"
UNDATED = "undated"
NOTICE_STEPS: Mapping[str, NoticeKind] = MappingProxyType(
    {f"notice_{k.value}": k for k in NoticeKind}
)
"""What a person's timeline calls a notice."""

LIFETIMES: Mapping[NoticeKind, timedelta] = MappingProxyType(
    {kind: timedelta(hours=12 if kind is NoticeKind.ON_THE_DAY else 72) for kind in NoticeKind}
)
"""How long after it was asked for a notice still makes sense; what waits longer is not sent."""


class NoticeMark(StrEnum):
    """What the ledger knows of one person's notice."""

    SENDING = "sending"  # written before the send; an old one means that nobody knows
    SENT = "sent"  # Microsoft took it
    UNCERTAIN = "uncertain"  # sent or not: never sent again by the machine
    REFUSED = "refused"  # Microsoft took exception to the address: certainly not sent
    LISTED = "listed"  # no mailbox: on the printable list of the manager

    @property
    def is_final(self) -> bool:
        """Whether nobody may send this notice any more; a refused one may be tried anew."""
        return self is not NoticeMark.REFUSED


class Way(StrEnum):
    """How a notice reaches a person."""

    MAIL = "mail"
    LIST = "list"
    NONE = "none"


class Route(BaseModel):
    """How a person is told; `reason` says why not, where the way is none."""

    model_config = ConfigDict(frozen=True)

    way: Way
    reason: str = ""


class Person(BaseModel):
    """What decides about one person.

    Attributes:
        on_hold: left alone today, by the files.
        is_named: named by whoever asks; None = nobody was named, everybody is meant.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    summary: Summary
    observed: ObservedUser | None
    on_hold: bool = False
    is_named: bool | None = None


_MOVING = (NoticeKind.BEFORE, NoticeKind.ON_THE_DAY)
_AFTER = (NoticeKind.DONE, NoticeKind.NOT_SIGNED_IN)

_FITTING: Mapping[WaveState, NoticeKind] = MappingProxyType(
    {
        WaveState.RUNNING: NoticeKind.ON_THE_DAY,
        WaveState.PAUSED: NoticeKind.POSTPONED,
        WaveState.HALTED: NoticeKind.POSTPONED,
        WaveState.CANCELLED: NoticeKind.POSTPONED,
        WaveState.ROLLING_BACK: NoticeKind.POSTPONED,
        WaveState.ROLLED_BACK: NoticeKind.POSTPONED,
        WaveState.VERIFYING: NoticeKind.DONE,
        WaveState.COMPLETED: NoticeKind.DONE,
        WaveState.COMPLETED_WITH_FAILURES: NoticeKind.DONE,
    }
)


def fitting_kind(state: WaveState) -> NoticeKind:
    """The notice that fits where a wave is, for whoever names none."""
    return _FITTING.get(state, NoticeKind.BEFORE)


def route(kind: NoticeKind, person: Person) -> Route:
    """Whether and how this person gets a notice of this kind."""
    if reason := _never(person) or _not_now(kind, person):
        return Route(way=Way.NONE, reason=reason)
    has_mailbox = person.observed is not None and "@" in person.observed.mail
    return Route(way=Way.MAIL if has_mailbox else Way.LIST)


def _never(person: Person) -> str:
    """Why a person gets no notice of any kind."""
    if person.observed is None:
        return "not_found"
    if person.observed.is_guest:
        return "guest"
    if not person.observed.account_enabled:
        return "disabled"
    if person.summary.state is UserState.SKIPPED:
        return "skipped"
    return "not_named" if person.is_named is False else ""


def _not_now(kind: NoticeKind, person: Person) -> str:
    """Why this kind does not fit; a postponement concerns people on hold like everybody."""
    is_done = person.summary.state is UserState.DONE
    if kind in _AFTER:
        if kind is NoticeKind.NOT_SIGNED_IN and person.is_named is None:
            return "not_named"
        return "" if is_done else "not_done"
    if is_done:
        return "done"
    return "on_hold" if kind in _MOVING and person.on_hold else ""


def day_of(section: WaveSection, config: RolloutConfig) -> date | None:
    """The day of the move, where the rollout is at home; None while nobody has set it."""
    if section.start_at is None:
        return None
    return _at_home(section.start_at, config).date()


def _at_home(moment: datetime, config: RolloutConfig) -> datetime:
    zone = ZoneInfo(config.rollout.timezone)
    return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)


def occasion_of(kind: NoticeKind, day: date | None) -> str:
    """What makes two notices of one kind different: a new day is told anew, a move only once."""
    if kind in _AFTER:
        return ""
    return day.isoformat() if day else UNDATED


def obstacle(kind: NoticeKind, *, config: RolloutConfig, day: date | None, named: bool) -> str:
    """Why a notice of this kind cannot be sent at all, with the cure; empty if it can."""
    notices = config.notices
    if not notices.is_on:
        return (
            "Notices are off: rollout.toml names no sender. Add sender to [notices] (a mailbox "
            "of the tenant) and import again."
        )
    if kind not in notices.kinds:
        return f"The kind {kind.value} is left out of kinds in [notices]; add it and import again."
    if kind is NoticeKind.BEFORE and day is None:
        return (
            "Nobody has said when the wave moves. Set start_at in its [waves] table and import "
            "again, or name the day: --date YYYY-MM-DD."
        )
    if kind is NoticeKind.NOT_SIGNED_IN and not named:
        return (
            "Microsoft does not show this app who has signed in. Take their names from the Teams "
            "usage report of the admin centre and hand them over: --only FILE."
        )
    return ""
