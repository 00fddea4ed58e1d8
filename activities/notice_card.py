"""The card for the channel of the wave's team, once for each notice: marker first, as for mail."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from activities.deps import Deps
from activities.notice_checks import Work
from activities.notice_marks import Claim, settled
from graph.delivery import Certainty, Delivery
from graph.workflows import CardChannel
from teams_rollout.domain.notices import UNCERTAIN, NoticeMark
from teams_rollout.domain.vocabulary import Environment
from teams_rollout.ledger.notice_records import NoticeMarker
from teams_rollout.notices.render import render_card

BUSY = timedelta(seconds=5)


@dataclass(frozen=True)
class CardStep:
    """What became of the card: words for the operation, or a pause before it is tried again."""

    said: str = ""
    pause: timedelta | None = None
    code: str = ""


async def post_card(deps: Deps, work: Work, *, counts: Mapping[str, int]) -> CardStep:
    """Post the card unless one is, or may be, there."""
    if not (work.order.card and work.occasion.config.notices.card):
        return CardStep(said="not asked for")
    if deps.channel is None:
        return CardStep(said="no address: set ROLLOUT_NOTICE_WEBHOOK")
    if deps.environment is Environment.REHEARSAL and not deps.channel.is_simulated:
        return CardStep(said="not sent: a rehearsal writes into no real channel")
    order = work.order
    found = await deps.ledger.find_card(
        order.rollout_id, wave=order.wave, kind=order.kind.value, occasion=order.occasion
    )
    if found is not None and found.mark.is_final:
        return await _as_found(deps, work, found)
    return await _post(deps, deps.channel, work, found, counts=counts)


async def _as_found(deps: Deps, work: Work, found: NoticeMarker) -> CardStep:
    """A marker of ours that is still open was left by a process that died while it sent."""
    if found.mark is NoticeMark.SENDING and found.order == work.order.id:
        found = settled(found, NoticeMark.UNCERTAIN, deps, code=UNCERTAIN)
        await deps.ledger.settle_notice(found)
    return CardStep(said=found.mark.value)


async def _post(
    deps: Deps,
    channel: CardChannel,
    work: Work,
    found: NoticeMarker | None,
    *,
    counts: Mapping[str, int],
) -> CardStep:
    claim = Claim(deps, _marker(deps, work, etag=found.etag if found else ""))
    told = {name: counts[name] for name in ("mailed", "listed", "uncertain")}
    content = render_card(work.texts, work.occasion, counts=told)
    delivery = await channel.post(content, first=claim.before_sending)
    return await _conclude(deps, claim, delivery)


async def _conclude(deps: Deps, claim: Claim, delivery: Delivery) -> CardStep:
    result = delivery.result
    if claim.is_lost:
        return CardStep(said=NoticeMark.SENDING.value)
    if delivery.certainty is Certainty.NOT_SENT and result.outcome.is_retryable:
        await claim.give_back()
        return CardStep(pause=result.retry_after or BUSY, code=result.code)
    mark, code = {
        Certainty.SENT: (NoticeMark.SENT, ""),
        Certainty.UNKNOWN: (NoticeMark.UNCERTAIN, UNCERTAIN),
        Certainty.NOT_SENT: (NoticeMark.REFUSED, result.code),
    }[delivery.certainty]
    await deps.ledger.settle_notice(settled(claim.marker, mark, deps, code=code))
    return CardStep(said=mark.value)


def _marker(deps: Deps, work: Work, *, etag: str) -> NoticeMarker:
    order = work.order
    return NoticeMarker(
        rollout_id=order.rollout_id,
        wave=order.wave,
        kind=order.kind,
        occasion=order.occasion,
        mark=NoticeMark.SENDING,
        order=order.id,
        attempt=uuid.uuid4().hex,
        at=deps.clock(),
        etag=etag,
    )
