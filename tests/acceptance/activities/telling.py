"""Orders of notices as the API gives them, and how the tenant judges what came of them."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from activities.guard import run_guarded
from activities.send_notices import send_notices
from teams_rollout.contracts.payloads import NoticesResult, OperationRequest
from teams_rollout.domain.configuration import NoticeKind
from teams_rollout.domain.notices import occasion_of
from teams_rollout.ledger.notice_records import NoticeMarker, NoticeOrder
from teams_rollout.ledger.records import OperationRecord
from tests.acceptance.activities.lab import ROLLOUT, Lab

DAY = date(2027, 3, 1)
KIND = NoticeKind.BEFORE


@dataclass(frozen=True)
class Asked:
    """One order, and what the API would show of it."""

    lab: Lab
    id: str

    async def once(self) -> NoticesResult:
        request = OperationRequest(rollout_id=ROLLOUT, operation_id=self.id, wave="pilot")
        answer = await run_guarded(
            self.lab.deps,
            send_notices,
            OperationRequest,
            NoticesResult,
            request.model_dump(mode="json"),
        )
        return NoticesResult.model_validate(answer)

    async def to_the_end(self) -> OperationRecord:
        """As the orchestration calls it: until nobody waits."""
        for _ in range(200):
            result = await self.once()
            if result.retry_at is None:
                return await self.lab.result_of(self.id)
            self.lab.clock.skip_to(result.retry_at)
        raise AssertionError("the order never ends")

    async def marks(self) -> dict[str, NoticeMarker]:
        """Markers by name of the person."""
        markers = await self.lab.ledger.list_notices(
            ROLLOUT, wave="pilot", kind=KIND.value, occasion=occasion_of(KIND, DAY)
        )
        people = await self.lab.people()
        return {n: markers[u.key.ref] for n, u in people.items() if u.key.ref in markers}


async def ask(lab: Lab, kind: NoticeKind = KIND, **values: Any) -> Asked:
    """Ask as the API does."""
    operation_id = await lab.operation("notices")
    day = values.setdefault("day", DAY)
    order = NoticeOrder(
        id=operation_id,
        rollout_id=ROLLOUT,
        wave="pilot",
        kind=kind,
        occasion=occasion_of(kind, day),
        asked_at=lab.clock(),
        **values,
    )
    await lab.ledger.save_notice_order(order)
    return Asked(lab, operation_id)


def error_of(record: OperationRecord) -> dict[str, Any]:
    assert record.error is not None
    return record.error


def mailed(lab: Lab) -> Counter[str]:
    return Counter(lab.tenant.touched("mail.sent"))
