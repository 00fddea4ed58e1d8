"""A plan, page by page. Plans never change, so the last few stay in memory while they are read."""

from collections import OrderedDict
from dataclasses import dataclass

from teams_rollout.entrypoints.ports import Services
from teams_rollout.entrypoints.problems import ProblemError
from teams_rollout.entrypoints.views import PlanChange, PlanView
from teams_rollout.ledger.records import PlanHeader, PlanRow

PAGE = 2_000
_KEPT_PLANS = 2


@dataclass(frozen=True)
class _Plan:
    header: PlanHeader
    changes: tuple[PlanChange, ...]


class PlanCache:
    """The plans read last."""

    def __init__(self) -> None:
        self._plans: OrderedDict[str, _Plan] = OrderedDict()

    async def page(
        self, services: Services, plan_id: str, *, start: int, next_link: str
    ) -> PlanView:
        """One page of the plan's changes with the header repeated.

        Args:
            start: index of the first change.
            next_link: address of the next page, with the cursor to be appended.
        """
        plan = self._plans.get(plan_id) or await self._load(services, plan_id)
        end = start + PAGE
        header = plan.header
        return PlanView(
            plan_id=header.plan_id,
            wave=header.wave,
            made_at=header.made_at,
            expires_at=header.expires_at,
            users=header.users,
            by_class=header.by_class,
            by_code=header.by_code,
            changes=plan.changes[start:end],
            seats=header.seats,
            graph=header.graph,
            nextLink=f"{next_link}{end}" if end < len(plan.changes) else None,
        )

    async def _load(self, services: Services, plan_id: str) -> _Plan:
        header = await services.ledger.find_plan(plan_id)
        if header is None:
            raise ProblemError(
                404,
                kind="plan-unknown",
                title="There is no such plan.",
                detail="Plans are kept for a while after their wave has closed, then deleted.",
                do="Make a new one: rollout plan WAVE",
            )
        rows = await services.ledger.list_plan_rows(plan_id)
        plan = _Plan(header, tuple(change for row in rows for change in _changes(row)))
        self._plans[plan_id] = plan
        while len(self._plans) > _KEPT_PLANS:
            self._plans.popitem(last=False)
        return plan


def _changes(row: PlanRow) -> list[PlanChange]:
    return [
        PlanChange.model_validate({"id": row.object_id or None, "upn": row.upn, **change})
        for change in row.changes
    ]
