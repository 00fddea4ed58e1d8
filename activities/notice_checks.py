"""May these notices be sent, and to whom? Asked anew each time before any of them is."""

from dataclasses import dataclass

from activities.deps import Deps
from activities.permission_check import FINAL_READ_CODES, unreadable
from activities.tenant_check import tenant_trouble
from graph.credentials import is_loopback
from graph.errors import GraphReadError
from graph.organization import get_tenant
from graph.permissions import read_granted_permissions
from teams_rollout.domain.notices import LIFETIMES, obstacle
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.permissions import Feature, lacking, missing_needs
from teams_rollout.domain.vocabulary import Environment
from teams_rollout.ledger.notice_records import NoticeOrder
from teams_rollout.ledger.records import RolloutRecord, WaveRecord
from teams_rollout.notices.audience import Addressee, audience
from teams_rollout.notices.render import Occasion
from teams_rollout.notices.texts import Texts, read_texts

IMPOSSIBLE = "notices_impossible"


@dataclass(frozen=True)
class Refusal:
    """Why nothing (more) is sent, for the person who asked."""

    code: str
    detail: str

    @classmethod
    def of_mailbox(cls, result: CallResult) -> "Refusal":
        """Microsoft does not let the app send from the mailbox; it would be so for everybody."""
        said = f" Microsoft says: {result.detail}" if result.detail else ""
        return cls(
            result.code,
            "Microsoft does not let the app send mail from the sender in [notices]."
            f"{said} Check that the mailbox exists, that Mail.Send is granted, and that the "
            "mailbox is within the app's access policy in Exchange; then send again.",
        )


@dataclass(frozen=True)
class Work:
    """Everything that sending needs, read together."""

    order: NoticeOrder
    occasion: Occasion
    people: list[Addressee]
    texts: Texts


async def prepare(deps: Deps, order_id: str) -> Work | Refusal:
    """The order with its people and texts, or why it cannot be carried out.

    Raises:
        GraphReadError: the tenant could not be read just now.
    """
    order = await deps.ledger.find_notice_order(order_id)
    rollout = await deps.ledger.find_rollout()
    wave = await deps.ledger.find_wave(order.rollout_id, order.wave) if order else None
    if order is None or rollout is None or wave is None:
        return Refusal("wave_not_found", "There is no such wave any more.")
    trouble = _trouble(deps, order, rollout) or await _tenants_trouble(deps, rollout)
    if trouble:
        return Refusal(IMPOSSIBLE, trouble)
    return await _work(deps, order, rollout, wave)


def _trouble(deps: Deps, order: NoticeOrder, rollout: RolloutRecord) -> str:
    if order.asked_at + LIFETIMES[order.kind] < deps.clock():
        return (
            "It was asked for too long ago to make sense now; who has not been told since then "
            "is not told. Look at the preview, then send again."
        )
    if deps.environment is Environment.REHEARSAL and not is_loopback(deps.graph.base_url):
        return (
            "A rehearsal tells nobody real: in REHEARSAL mail goes to the simulator only, and "
            "ROLLOUT_GRAPH_BASE_URL leads elsewhere. Set it, or ROLLOUT_ENVIRONMENT, right."
        )
    named = order.refs is not None
    return obstacle(order.kind, config=rollout.config, day=order.day, named=named)


async def _tenants_trouble(deps: Deps, rollout: RolloutRecord) -> str:
    """The wrong tenant, or a permission that is missing in it."""
    try:
        tenant = await get_tenant(deps.graph)
        granted = await read_granted_permissions(deps.graph)
    except GraphReadError as error:
        if error.code in FINAL_READ_CODES:
            return unreadable(error)
        raise
    trouble = tenant_trouble(rollout.config, tenant.id, deps.environment)
    if trouble or granted is None:
        return trouble
    return lacking(missing_needs({Feature.NOTICES}, granted))


async def _work(deps: Deps, order: NoticeOrder, rollout: RolloutRecord, wave: WaveRecord) -> Work:
    users = [u async for u in deps.ledger.list_users(order.rollout_id) if u.wave == wave.slug]
    return Work(
        order=order,
        occasion=Occasion(
            kind=order.kind,
            wave=wave.section.title or wave.name,
            config=rollout.config,
            environment=deps.environment,
            day=order.day,
        ),
        people=audience(
            users, order.kind, config=rollout.config, now=deps.clock(), refs=order.refs
        ),
        texts=read_texts({}),
    )
