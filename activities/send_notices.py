"""Tells people of a wave what somebody asked to have them told: mail, or the manager's list.

At most once per person and notice. A marker is written first, right before the mail leaves, and
decides who sends; what was certainly not sent gives it back; what may have been sent keeps it as
`notice_uncertain` and is never sent again. So the activity may run twice, side by side, or die
anywhere: whoever finds a marker of its own order that is still open knows as little as anybody.
"""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from activities.deps import Deps
from activities.notice_card import post_card
from activities.notice_checks import Refusal, Work, prepare
from activities.notice_marks import Claim, event_of, settled
from activities.operation import fail_operation, finish_operation, report_progress, report_trouble
from graph.delivery import Certainty, Delivery
from graph.mail import SENDER_UNUSABLE, Mail, send_mail
from teams_rollout.contracts.payloads import NoticesResult, OperationRequest
from teams_rollout.domain.codes import reason
from teams_rollout.domain.notices import UNCERTAIN, NoticeMark, Way
from teams_rollout.ledger.notice_records import NoticeMarker
from teams_rollout.notices.audience import Addressee
from teams_rollout.notices.render import render_notice

ROUND = 60
"""Mails in one call: two minutes at what Exchange Online takes from one mailbox."""
DOUBT = timedelta(seconds=30)
"""Pause after a lost answer: an outage costs one person's certainty, not everybody's."""
BUSY = timedelta(seconds=5)
IN_FLIGHT = timedelta(minutes=5)
"""Longer than any send takes: an older open marker of somebody else's has been left behind."""
IN_A_ROW = 5
"""So many addresses refused one after the other are no longer the addresses' fault."""

_OF_THE_MAILBOX = frozenset({"permission_missing", SENDER_UNUSABLE})


@dataclass(frozen=True)
class Step:
    """What telling one person led to: a pause, the end of the order, or (neither) the next."""

    mark: NoticeMark | None = None
    pause: timedelta | None = None
    code: str = ""
    refusal: Refusal | None = None


async def send_notices(deps: Deps, request: OperationRequest) -> NoticesResult:
    """Tell some of those who wait to be told; come back for the rest."""
    work = await prepare(deps, request.operation_id)
    if isinstance(work, Refusal):
        return await _refuse(deps, request, work)
    marks = await _marks(deps, work)
    waiting = _waiting(deps, work, marks)
    told, step = await _tell_some(deps, work, waiting)
    left = len(waiting) - told
    if step.refusal is not None:
        return await _refuse(deps, request, step.refusal)
    await report_progress(deps, request.operation_id, _percent(work, left))
    if step.pause is not None:
        return await _later(deps, request, step, told=told, waiting=left)
    if left:
        return NoticesResult(told=told, waiting=left, retry_at=deps.clock())
    return await _finish(deps, request, work, told=told)


async def _finish(deps: Deps, request: OperationRequest, work: Work, *, told: int) -> NoticesResult:
    card = await post_card(deps, work, counts=_counts(work, await _marks(deps, work)))
    if card.pause is not None:
        step = Step(pause=card.pause, code=card.code)
        return await _later(deps, request, step, told=told, waiting=0)
    counts = _counts(work, await _marks(deps, work))
    result = {"kind": work.order.kind.value, **counts, "card": card.said}
    await finish_operation(deps, request.operation_id, result)
    return NoticesResult(told=told, succeeded=True, counts=counts)


async def _refuse(deps: Deps, request: OperationRequest, refusal: Refusal) -> NoticesResult:
    await fail_operation(deps, request.operation_id, code=refusal.code, detail=refusal.detail)
    return NoticesResult(trouble=refusal.code)


async def _later(
    deps: Deps, request: OperationRequest, step: Step, *, told: int, waiting: int
) -> NoticesResult:
    words = reason(step.code)
    await report_trouble(
        deps, request.operation_id, code=step.code, detail=words.sentence, do="Nothing; it goes on."
    )
    retry_at = deps.clock() + (step.pause or BUSY)
    return NoticesResult(told=told, waiting=waiting, retry_at=retry_at, trouble=step.code)


async def _marks(deps: Deps, work: Work) -> dict[str, NoticeMarker]:
    order = work.order
    return await deps.ledger.list_notices(
        order.rollout_id, wave=order.wave, kind=order.kind.value, occasion=order.occasion
    )


def _waiting(
    deps: Deps, work: Work, marks: Mapping[str, NoticeMarker]
) -> list[tuple[Addressee, NoticeMarker | None]]:
    """Who is still to be told, each with an old marker that has to be taken over or cleared up."""
    people = [a for a in work.people if a.route.way is not Way.NONE]
    found = [(a, marks.get(a.user.key.ref)) for a in people]
    return [(a, m) for a, m in found if m is None or _is_open(deps, work, m)]


def _is_open(deps: Deps, work: Work, marker: NoticeMarker) -> bool:
    if marker.mark is NoticeMark.SENDING:
        return marker.order == work.order.id or marker.at + IN_FLIGHT < deps.clock()
    return not marker.mark.is_final and marker.order != work.order.id


async def _tell_some(
    deps: Deps, work: Work, waiting: Sequence[tuple[Addressee, NoticeMarker | None]]
) -> tuple[int, Step]:
    """How many were dealt with, and what ended it."""
    refused = 0
    for number, (person, marker) in enumerate(waiting[:ROUND]):
        step = await _tell(deps, work, person, marker)
        refused = refused + 1 if step.mark is NoticeMark.REFUSED else 0
        if refused == IN_A_ROW:
            detail = f"Microsoft refused {refused} addresses in a row ({step.code})."
            return number + 1, Step(refusal=Refusal(step.code, detail))
        if step.refusal is not None or step.pause is not None:
            return number + (step.mark is not None), step
    return min(len(waiting), ROUND), Step()


async def _tell(deps: Deps, work: Work, person: Addressee, marker: NoticeMarker | None) -> Step:
    if marker is not None and marker.mark is NoticeMark.SENDING:
        await _settle(deps, marker, NoticeMark.UNCERTAIN, code=UNCERTAIN)
        return Step(mark=NoticeMark.UNCERTAIN)
    claim = Claim(deps, _marker(deps, work, person, marker))
    if person.route.way is Way.LIST:
        if await claim.take():
            await _settle(deps, claim.marker, NoticeMark.LISTED)
        return Step(mark=NoticeMark.LISTED)
    notice = render_notice(work.texts, work.occasion, name=person.name)
    is_html = work.occasion.config.notices.format == "html"
    mail = Mail(
        to=person.mail,
        subject=notice.subject,
        content=notice.html if is_html else notice.text,
        is_html=is_html,
    )
    delivery = await send_mail(
        deps.graph,
        mail,
        sender=work.occasion.config.notices.sender,
        key=person.user.key.ref,
        first=claim.before_sending,
    )
    return await _conclude(deps, claim, delivery)


async def _conclude(deps: Deps, claim: Claim, delivery: Delivery) -> Step:
    """Write down what became of one mail."""
    result = delivery.result
    if claim.is_lost:
        return Step(mark=NoticeMark.SENT)  # somebody else's: nothing of ours left
    if delivery.certainty is Certainty.SENT:
        await _settle(deps, claim.marker, NoticeMark.SENT, request_id=result.request_id)
        return Step(mark=NoticeMark.SENT)
    if delivery.certainty is Certainty.UNKNOWN:
        await _settle(
            deps,
            claim.marker,
            NoticeMark.UNCERTAIN,
            code=UNCERTAIN,
            request_id=result.request_id,
        )
        return Step(mark=NoticeMark.UNCERTAIN, pause=DOUBT / deps.scale, code=result.code)
    if result.outcome.is_retryable:
        await claim.give_back()
        return Step(pause=result.retry_after or BUSY, code=result.code)
    if result.code in _OF_THE_MAILBOX:
        await claim.give_back()
        return Step(refusal=Refusal.of_mailbox(result))
    await _settle(
        deps, claim.marker, NoticeMark.REFUSED, code=result.code, request_id=result.request_id
    )
    return Step(mark=NoticeMark.REFUSED, code=result.code)


def _marker(deps: Deps, work: Work, person: Addressee, old: NoticeMarker | None) -> NoticeMarker:
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
        key=person.user.key,
        etag=old.etag if old else "",
    )


async def _settle(
    deps: Deps, marker: NoticeMarker, mark: NoticeMark, *, code: str = "", request_id: str = ""
) -> None:
    done = settled(marker, mark, deps, code=code, request_id=request_id)
    await deps.ledger.settle_notice(done, [event_of(done)])


def _counts(work: Work, marks: Mapping[str, NoticeMarker]) -> dict[str, int]:
    """What the order did, and what others had done before it."""
    refs = {a.user.key.ref for a in work.people}
    ours = Counter(m.mark for r, m in marks.items() if r in refs and m.order == work.order.id)
    return {
        "mailed": ours[NoticeMark.SENT],
        "listed": ours[NoticeMark.LISTED],
        "uncertain": ours[NoticeMark.UNCERTAIN] + ours[NoticeMark.SENDING],
        "refused": ours[NoticeMark.REFUSED],
        "told_before": sum(r in refs and m.order != work.order.id for r, m in marks.items()),
        "left_out": sum(a.route.way is Way.NONE for a in work.people),
    }


def _percent(work: Work, left: int) -> int:
    people = sum(a.route.way is not Way.NONE for a in work.people)
    return 100 - 100 * left // people if people else 100
