"""The rows about notices as values: what somebody asked for, and what was sent to whom."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.configuration import NoticeKind
from teams_rollout.domain.notices import NoticeMark
from teams_rollout.domain.roster import UserKey


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class NoticeOrder(_Record):
    """What somebody asked to have people told; the notices' orchestration knows its id only.

    Attributes:
        id: the operation's.
        day: of the move, as the text says it.
        refs: of the people named; None = everybody whom the kind concerns.
        card: whether the team's channel gets a card, too.
    """

    id: str
    rollout_id: str
    wave: str
    kind: NoticeKind
    occasion: str
    asked_at: datetime
    day: date | None = None
    refs: frozenset[str] | None = None
    card: bool = False


class NoticeMarker(_Record):
    """That one notice was, or may have been, sent: written before it is, so never sent twice.

    Attributes:
        key: the person; None = the channel of the wave's team.
        order: the operation that claimed it.
        attempt: of whoever claimed it, to know its own claim again.
    """

    rollout_id: str
    wave: str
    kind: NoticeKind
    occasion: str
    mark: NoticeMark
    order: str
    attempt: str
    at: datetime
    key: UserKey | None = None
    code: str = ""
    request_id: str = ""
    etag: str = ""
