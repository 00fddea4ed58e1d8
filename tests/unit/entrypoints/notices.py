"""The notices' part of the ledger in memory. Test code only."""

from collections.abc import Sequence

from teams_rollout.ledger.notice_records import NoticeMarker, NoticeOrder
from teams_rollout.ledger.records import TimelineEvent


class MemoryNotices:
    """Keeps orders and markers; nobody races here."""

    def __init__(self) -> None:
        self.orders: dict[str, NoticeOrder] = {}
        self.notices: list[NoticeMarker] = []

    async def save_notice_order(self, order: NoticeOrder) -> None:
        self.orders.setdefault(order.id, order)

    async def find_notice_order(self, order_id: str) -> NoticeOrder | None:
        return self.orders.get(order_id)

    async def list_notices(
        self, rollout_id: str, *, wave: str, kind: str, occasion: str
    ) -> dict[str, NoticeMarker]:
        wanted = (wave, kind, occasion)
        found = [m for m in self.notices if (m.wave, m.kind, m.occasion) == wanted]
        return {m.key.ref: m for m in found if m.key}

    async def claim_notice(self, marker: NoticeMarker) -> NoticeMarker:
        self.notices.append(marker)
        return marker

    async def settle_notice(
        self, marker: NoticeMarker, events: Sequence[TimelineEvent] = ()
    ) -> None:
        self.notices.append(marker)

    async def release_notice(self, marker: NoticeMarker) -> None: ...

    async def find_card(
        self, rollout_id: str, *, wave: str, kind: str, occasion: str
    ) -> NoticeMarker | None:
        return None
