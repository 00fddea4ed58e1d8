"""Notices as people ask for them: what would be sent to whom, the order itself, the lists."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from teams_rollout.domain.configuration import NoticeKind
from teams_rollout.domain.notices import NoticeMark, Way, day_of, obstacle, occasion_of
from teams_rollout.domain.roster import fold
from teams_rollout.entrypoints.people import public_id
from teams_rollout.entrypoints.ports import Services
from teams_rollout.entrypoints.problems import ProblemError
from teams_rollout.entrypoints.views import (
    NoticePerson,
    NoticePreview,
    NoticeSample,
    NoticesPreview,
)
from teams_rollout.ledger.notice_records import NoticeMarker, NoticeOrder
from teams_rollout.ledger.records import (
    RolloutRecord,
    UserRecord,
    WaveRecord,
)
from teams_rollout.notices.audience import Addressee, audience
from teams_rollout.notices.listing import Listed, by_manager
from teams_rollout.notices.render import Occasion, render_list, render_notice
from teams_rollout.notices.texts import Texts, read_texts

_SHOWN_NAMES = 10


@dataclass(frozen=True)
class Subject:
    """What a request about notices is about, read once.

    Attributes:
        users: the wave's people.
        day: of the move, as asked for or as the wave has it.
        refs: of the people named in the request; None = nobody was named.
    """

    services: Services
    rollout: RolloutRecord
    wave: WaveRecord
    users: tuple[UserRecord, ...]
    texts: Texts
    day: date | None
    refs: frozenset[str] | None

    def occasion(self, kind: NoticeKind) -> Occasion:
        """The notice of this kind about this wave."""
        return Occasion(
            kind=kind,
            wave=self.wave.section.title or self.wave.name,
            config=self.rollout.config,
            environment=self.services.settings.environment,
            day=self.day,
        )

    def obstacle(self, kind: NoticeKind) -> str:
        """Why a notice of this kind cannot be sent, or nothing."""
        named = self.refs is not None
        return obstacle(kind, config=self.rollout.config, day=self.day, named=named)

    def people(self, kind: NoticeKind) -> list[Addressee]:
        """Everybody of the wave with the way in which the notice reaches them."""
        config, now = self.rollout.config, self.services.clock()
        return audience(self.users, kind, config=config, now=now, refs=self.refs)

    async def markers(self, kind: NoticeKind) -> dict[str, NoticeMarker]:
        """What was sent of this notice before, by ref."""
        return await self.services.ledger.list_notices(
            self.rollout.rollout_id,
            wave=self.wave.slug,
            kind=kind.value,
            occasion=occasion_of(kind, self.day),
        )


async def read_subject(
    services: Services,
    rollout: RolloutRecord,
    wave: WaveRecord,
    *,
    day: date | None,
    only: tuple[str, ...] | None,
) -> Subject:
    """Read the wave's people; names in `only` that are none of them are a 422 problem."""
    everybody = services.ledger.list_users(rollout.rollout_id)
    users = tuple([user async for user in everybody if user.wave == wave.slug])
    return Subject(
        services=services,
        rollout=rollout,
        wave=wave,
        users=users,
        texts=read_texts({}),
        day=day or day_of(wave.section, rollout.config),
        refs=None if only is None else _refs_of(users, only),
    )


def _refs_of(users: tuple[UserRecord, ...], only: tuple[str, ...]) -> frozenset[str]:
    """The people whom these UPNs, mail addresses or employee ids name."""
    known = {name: user.key.ref for user in users for name in _names(user)}
    unknown = [name for name in only if name.strip().casefold() not in known]
    if unknown:
        listed = ", ".join(unknown[:_SHOWN_NAMES])
        more = f" and {len(unknown) - _SHOWN_NAMES} more" if len(unknown) > _SHOWN_NAMES else ""
        raise ProblemError(
            422,
            kind="people-unknown",
            title="Some of the people named are not in this wave.",
            detail=f"Nobody in it is called {listed}{more}.",
            do="Correct the names (sign-in name, mail address or employee id), or leave them out.",
        )
    return frozenset(known[name.strip().casefold()] for name in only)


def _names(user: UserRecord) -> set[str]:
    given = user.assignment
    names = {given.upn, given.mail, given.employee_id}
    if user.observed:
        names |= {user.observed.upn, user.observed.mail, user.observed.employee_id}
    return {name.casefold() for name in names if name}


async def preview(
    subject: Subject, kinds: tuple[NoticeKind, ...], *, people: bool
) -> NoticesPreview:
    """What would be sent; changes nothing.

    Args:
        people: whether everybody is listed, not only counted.
    """
    views = [await _preview(subject, kind, people=people) for kind in kinds]
    return NoticesPreview(
        wave=subject.wave.name,
        environment=subject.services.settings.environment,
        sender=subject.rollout.config.notices.sender,
        kinds=tuple(views),
    )


async def _preview(subject: Subject, kind: NoticeKind, *, people: bool) -> NoticePreview:
    addressees = subject.people(kind)
    markers = await subject.markers(kind)
    due = [a for a in addressees if _is_due(a, markers)]
    ways = Counter(a.route.way for a in due)
    told = [m for r, m in markers.items() if m.mark.is_final and r in _refs(addressees)]
    return NoticePreview(
        kind=kind,
        date=subject.day,
        problem=subject.obstacle(kind),
        mail=ways[Way.MAIL],
        list=ways[Way.LIST],
        told=len(told),
        uncertain=sum(m.mark in (NoticeMark.UNCERTAIN, NoticeMark.SENDING) for m in told),
        left_out=dict(Counter(a.route.reason for a in addressees if a.route.way is Way.NONE)),
        sample=_sample(subject, kind, due),
        people=tuple(_person(a, markers) for a in addressees) if people else (),
    )


def _refs(addressees: list[Addressee]) -> set[str]:
    return {a.user.key.ref for a in addressees}


def _is_due(addressee: Addressee, markers: dict[str, NoticeMarker]) -> bool:
    marker = markers.get(addressee.user.key.ref)
    return addressee.route.way is not Way.NONE and (marker is None or not marker.mark.is_final)


def _sample(subject: Subject, kind: NoticeKind, due: list[Addressee]) -> NoticeSample:
    """The notice as the first person gets it."""
    first = next((a for a in due if a.route.way is Way.MAIL), None)
    notice = render_notice(subject.texts, subject.occasion(kind), name=first.name if first else "")
    return NoticeSample(subject=notice.subject, text=notice.text, html=notice.html)


def _person(addressee: Addressee, markers: dict[str, NoticeMarker]) -> NoticePerson:
    user, marker = addressee.user, markers.get(addressee.user.key.ref)
    return NoticePerson(
        ref=public_id(user.key),
        upn=user.upn or user.assignment.identity,
        display_name=addressee.name,
        way=addressee.route.way,
        reason=addressee.route.reason,
        mark=marker.mark if marker else None,
        at=marker.at if marker else None,
    )


def new_order(subject: Subject, kind: NoticeKind, *, operation_id: str, card: bool) -> NoticeOrder:
    """What the sender is told to do.

    Raises:
        ProblemError: 409, notices of this kind cannot be sent.
    """
    if trouble := subject.obstacle(kind):
        raise ProblemError(
            409,
            kind="notices-impossible",
            title="This notice cannot be sent.",
            detail=trouble,
            do="Do that first, then look at the preview: rollout notify WAVE --preview",
        )
    return NoticeOrder(
        id=operation_id,
        rollout_id=subject.rollout.rollout_id,
        wave=subject.wave.slug,
        kind=kind,
        occasion=occasion_of(kind, subject.day),
        asked_at=subject.services.clock(),
        day=subject.day,
        refs=subject.refs,
        card=card,
    )


def printable(subject: Subject, kind: NoticeKind) -> str:
    """The page for managers: their people without a mailbox who get this notice."""
    listed = [a for a in subject.people(kind) if a.route.way is Way.LIST]
    groups = by_manager(_listed(addressee) for addressee in sorted(listed, key=_by_name))
    return render_list(groups, subject.texts, subject.occasion(kind))


def _by_name(addressee: Addressee) -> str:
    return fold(addressee.name)


def _listed(addressee: Addressee) -> Listed:
    user = addressee.user
    return Listed(
        name=addressee.name,
        sign_in_name=user.upn or user.assignment.identity,
        department=user.observed.department if user.observed else "",
        manager=user.assignment.manager,
    )
