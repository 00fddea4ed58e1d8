"""The marker of one notice, from before the send to what became of it."""

from activities.deps import Deps
from graph.errors import WritesForbidden
from teams_rollout.domain.notices import NoticeMark
from teams_rollout.ledger.notice_records import NoticeMarker
from teams_rollout.ledger.ports import Conflict
from teams_rollout.ledger.records import TimelineEvent


class Claim:
    """The right to send one notice, taken at the last moment and given back if unused.

    Attributes:
        is_lost: somebody else had it first.
    """

    def __init__(self, deps: Deps, marker: NoticeMarker) -> None:
        self._deps = deps
        self.marker = marker
        self.is_lost = False
        self._is_taken = False

    async def take(self) -> bool:
        """Write the marker; False when somebody else was faster."""
        if not self._is_taken and not self.is_lost:
            try:
                self.marker = await self._deps.ledger.claim_notice(self.marker)
            except Conflict:
                self.is_lost = True
            else:
                self._is_taken = True
        return self._is_taken

    async def before_sending(self) -> None:
        """What the session does right before it sends; also when it sends again.

        Raises:
            WritesForbidden: somebody else has the right.
        """
        if not await self.take():
            raise WritesForbidden("somebody else sends this notice")

    async def give_back(self) -> None:
        """For what was certainly not sent: as if it had never been tried."""
        if self._is_taken:
            await self._deps.ledger.release_notice(self.marker)
            self._is_taken = False


def event_of(marker: NoticeMarker) -> TimelineEvent:
    """The line in the person's timeline."""
    return TimelineEvent(
        at=marker.at,
        step=f"notice_{marker.kind.value}",
        outcome=marker.mark.value,
        code=marker.code,
        request_id=marker.request_id,
    )


def settled(
    marker: NoticeMarker, mark: NoticeMark, deps: Deps, *, code: str = "", request_id: str = ""
) -> NoticeMarker:
    """The marker with what became of the notice."""
    changes = {"mark": mark, "at": deps.clock(), "code": code, "request_id": request_id}
    return marker.model_copy(update=changes)
