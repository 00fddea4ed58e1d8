"""send_notices: everybody whom a notice concerns, once, whatever happens; judged by the tenant."""

import asyncio
import uuid
from collections import Counter
from datetime import date, timedelta
from types import ModuleType

import pytest

from graph.errors import WritesForbidden
from teams_rollout.domain.notices import NoticeMark
from teams_rollout.domain.vocabulary import Environment
from teams_rollout.ledger.notice_records import NoticeMarker
from tests.acceptance.activities.lab import ROLLOUT, Lab, with_environment
from tests.acceptance.activities.telling import DAY, KIND, ask, error_of, mailed

pytestmark = pytest.mark.azurite

SEND = "/users/*/sendMail"


@pytest.fixture
def people(build: ModuleType):
    return [build.a_person(n) for n in ("ann", "bob", "cerys", "dai")]


@pytest.fixture
async def council(lab: Lab, build: ModuleType, people):
    """A wave of four people, in the ledger and in the tenant."""
    council = build.a_council(*people).telling()
    await lab.bring_in(council)
    return council


async def test_given_a_wave_when_told_then_each_gets_one_mail_and_sees_it_in_the_timeline(
    lab, council, people
):
    order = await ask(lab)

    record = await order.to_the_end()

    assert mailed(lab) == Counter(p.id for p in people)
    assert record.status == "succeeded"
    assert record.result["mailed"] == 4
    (event,) = [e for e in await lab.timeline(people[0]) if e.step == "notice_before"]
    assert event.outcome == NoticeMark.SENT


async def test_given_people_who_were_told_when_asked_again_then_nobody_gets_a_second_mail(
    lab, council, people
):
    await (await ask(lab)).to_the_end()

    again = await (await ask(lab)).to_the_end()

    assert mailed(lab) == Counter(p.id for p in people)
    assert (again.result["mailed"], again.result["told_before"]) == (0, 4)


async def test_given_a_new_day_when_asked_then_it_is_told_anew(lab, council, people):
    await (await ask(lab)).to_the_end()

    await (await ask(lab, day=DAY + timedelta(days=7))).to_the_end()

    assert set(mailed(lab).values()) == {2}


async def test_given_two_orders_side_by_side_when_run_then_each_person_gets_one_mail(
    lab, council, people
):
    one, other = await ask(lab), await ask(lab)

    await asyncio.gather(one.to_the_end(), other.to_the_end(), one.once(), other.once())

    assert mailed(lab) == Counter(p.id for p in people)


async def test_given_people_of_every_kind_when_told_then_only_those_whom_it_concerns(
    lab, build: ModuleType
):
    concerned = build.a_person("ann")
    others = [
        build.a_person("gwen").as_guest(),
        build.a_person("olwen").disabled(),
        build.a_person("held").on_hold_until(date(2099, 1, 1)),
        build.a_person("nobody").unknown_to_microsoft(),
        build.a_person("kiosk").without_mailbox(),
    ]
    await lab.bring_in(build.a_council(concerned, *others).telling())

    record = await (await ask(lab)).to_the_end()

    assert mailed(lab) == Counter([concerned.id])
    assert (record.result["listed"], record.result["left_out"]) == (1, 4)
    (event,) = [e for e in await lab.timeline(others[-1]) if e.step == "notice_before"]
    assert event.outcome == NoticeMark.LISTED


async def test_given_a_freeze_when_told_then_no_mail_no_marker_and_it_goes_on_afterwards(
    lab, council, people
):
    async def frozen() -> None:
        raise WritesForbidden("everything is stopped")

    order = await ask(lab)
    free, lab._session = lab.session, lab.session.behind(frozen)

    stopped = await order.once()

    assert stopped.trouble == "paused"
    assert (mailed(lab), await order.marks()) == (Counter(), {})
    lab._session = free
    await order.to_the_end()
    assert mailed(lab) == Counter(p.id for p in people)


async def test_given_named_people_when_told_then_nobody_else(lab, council, people):
    ann = (await lab.people())["ann"]

    await (await ask(lab, refs=frozenset({ann.key.ref}))).to_the_end()

    assert mailed(lab) == Counter([people[0].id])


async def test_given_a_process_that_dies_after_sending_when_resumed_then_uncertain_not_twice(
    lab, council, people
):
    order = await ask(lab)
    lab.ledger.die_before("settle_notice", survive=1)
    await order.once()  # the guard reports the death as trouble; the ledger keeps what it had
    await lab.restart()

    record = await order.to_the_end()

    assert mailed(lab) == Counter(p.id for p in people)
    assert (record.result["mailed"], record.result["uncertain"]) == (3, 1)
    marks = (await order.marks()).values()
    assert Counter(m.code for m in marks) == {"": 3, "notice_uncertain": 1}


async def test_given_a_process_that_dies_before_its_marker_when_resumed_then_nobody_is_lost(
    lab, council, people
):
    order = await ask(lab)
    lab.ledger.die_before("claim_notice", survive=2)
    await order.once()
    await lab.restart()

    record = await order.to_the_end()

    assert mailed(lab) == Counter(p.id for p in people)
    assert record.result["uncertain"] == 0


@pytest.mark.parametrize("kind", ["reset_after", "timeout_after", "503", "reset_before"])
async def test_given_a_lost_answer_when_mailed_then_uncertain_and_never_sent_again(
    lab, council, people, kind
):
    lab.tenant.fail(SEND, kind, count=1, method="POST", delay=0.01)
    order = await ask(lab)

    record = await order.to_the_end()

    assert max(mailed(lab).values()) == 1
    assert record.result["uncertain"] == 1
    doubtful = {n for n, m in (await order.marks()).items() if m.mark is NoticeMark.UNCERTAIN}
    missing = {p.name for p in people if not mailed(lab)[p.id]}
    assert missing <= doubtful


@pytest.mark.parametrize("kind", ["429", "token_expired"])
async def test_given_a_mail_that_was_certainly_not_taken_when_tried_again_then_all_are_sure(
    lab, council, people, kind
):
    lab.tenant.fail(SEND, kind, count=3, method="POST", retry_after=40)

    record = await (await ask(lab)).to_the_end()

    assert mailed(lab) == Counter(p.id for p in people)
    assert record.result["uncertain"] == 0


@pytest.mark.parametrize("seed", range(4))
async def test_given_random_faults_when_told_then_one_mail_or_a_doubt_for_each_and_never_two(
    lab, build: ModuleType, seed
):
    people = [build.a_person(f"p{n}") for n in range(12)]
    await lab.bring_in(build.a_council(*people).telling())
    kinds = ("reset_after", "timeout_after", "503", "429", "reset_before", "token_expired")
    rules = [{"path": SEND, "kind": k, "rate": 0.12, "delay": 0.01} for k in kinds]
    lab.tenant.faults(rules, seed=seed)
    order = await ask(lab)

    await order.to_the_end()

    sent, marks = mailed(lab), await order.marks()
    assert set(sent.values()) == {1}
    assert {p.name for p in people if not sent[p.id]} <= {
        name for name, mark in marks.items() if mark.mark is NoticeMark.UNCERTAIN
    }
    assert set(marks) == {p.name for p in people}


async def test_given_no_permission_when_asked_then_it_is_named_and_nobody_is_marked(
    start_tenant, open_lab, build: ModuleType
):
    granted = ["User.Read.All", "Organization.Read.All", "Group.Read.All", "Directory.Read.All"]
    more = ["TeamsUserConfiguration.Read.All", "TeamsTelephoneNumber.Read.All"]
    lab = await open_lab(start_tenant(build.a_tenant(grantedPermissions=granted + more)))
    await lab.bring_in(build.a_council(build.a_person("ann")).telling())
    order = await ask(lab)

    record = await order.to_the_end()

    assert record.status == "failed"
    assert "Mail.Send" in error_of(record)["detail"]
    assert await order.marks() == {}


async def test_given_a_mailbox_that_is_not_there_when_asked_then_it_ends_after_one_try(
    lab, build: ModuleType, people
):
    await lab.bring_in(build.a_council(*people).telling(sender="nobody@llanfair.example"))
    order = await ask(lab)

    record = await order.to_the_end()

    assert error_of(record)["code"] == "notice_sender_unusable"
    assert await order.marks() == {}


@pytest.mark.parametrize(
    ("settings", "values", "word"),
    [
        ({"sender": ""}, {}, "sender"),
        ({"kinds": ("done",)}, {}, "left out"),
        ({}, {"day": None}, "--date"),
    ],
)
async def test_given_something_in_the_way_when_asked_then_it_says_what_to_do(
    lab, build: ModuleType, settings, values, word
):
    await lab.bring_in(build.a_council(build.a_person("ann")).telling(**settings))

    record = await (await ask(lab, **values)).to_the_end()

    assert error_of(record)["code"] == "notices_impossible"
    assert word in error_of(record)["detail"]
    assert not mailed(lab)


async def test_given_an_order_that_is_too_old_when_run_then_nothing_is_sent(lab, council):
    order = await ask(lab)
    lab.clock.skip(4 * 86_400)

    record = await order.to_the_end()

    assert "too long ago" in error_of(record)["detail"]
    assert not mailed(lab)


async def test_given_live_with_a_simulator_when_told_then_mails_go_there(lab, council, people):
    live = with_environment(lab, Environment.LIVE)

    await (await ask(live)).to_the_end()

    assert mailed(lab) == Counter(p.id for p in people)


async def test_given_a_marker_that_is_claimed_when_claimed_again_then_one_wins(lab, council):
    ann = (await lab.people())["ann"]
    marker = NoticeMarker(
        rollout_id=ROLLOUT,
        wave="pilot",
        kind=KIND,
        occasion="x",
        mark=NoticeMark.SENDING,
        order="o",
        attempt=uuid.uuid4().hex,
        at=lab.clock(),
        key=ann.key,
    )
    first = await lab.ledger.claim_notice(marker)

    same = await lab.ledger.claim_notice(marker)  # an SDK that lost the answer asks again

    assert same.etag == first.etag
    other = marker.model_copy(update={"attempt": uuid.uuid4().hex})
    with pytest.raises(Exception, match="somebody else"):
        await lab.ledger.claim_notice(other)
