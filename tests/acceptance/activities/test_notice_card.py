"""The card for the team's channel: one for each notice, and doubt is kept as doubt."""

from types import ModuleType

import pytest

from graph.workflows import CardChannel
from tests.acceptance.activities.lab import Lab
from tests.acceptance.activities.telling import ask

pytestmark = pytest.mark.azurite

WORKFLOW = "/workflows/project/triggers/manual/paths/invoke"


@pytest.fixture
def people(build: ModuleType):
    return [build.a_person(n) for n in ("ann", "bob", "cerys", "dai")]


@pytest.fixture
def channel(lab: Lab) -> CardChannel:
    async def free() -> None:
        """Nothing is stopped."""

    lab.channel = CardChannel(lab.tenant.base_url.replace("/v1.0", WORKFLOW) + "?sig=s", guard=free)
    return lab.channel


async def test_given_a_channel_when_told_then_one_card_however_often_asked(
    lab, build: ModuleType, people, channel
):
    await lab.bring_in(build.a_council(*people).telling(card=True))
    record = await (await ask(lab, card=True)).to_the_end()

    await (await ask(lab, card=True)).to_the_end()

    assert lab.tenant.touched("card.posted") == ["project"]
    assert record.result["card"] == "sent"


async def test_given_a_lost_answer_when_the_card_is_posted_then_uncertain_and_never_twice(
    lab, build: ModuleType, people, channel
):
    await lab.bring_in(build.a_council(*people).telling(card=True))
    lab.tenant.fail(WORKFLOW, "reset_after", method="POST")

    record = await (await ask(lab, card=True)).to_the_end()
    await (await ask(lab, card=True)).to_the_end()

    assert record.result["card"] == "uncertain"
    assert len(lab.tenant.touched("card.posted")) == 1


async def test_given_a_process_that_dies_after_posting_when_resumed_then_the_card_is_uncertain(
    lab, build: ModuleType, people, channel
):
    await lab.bring_in(build.a_council(*people).telling(card=True))
    order = await ask(lab, card=True)
    lab.ledger.die_before("settle_notice", survive=len(people))
    await order.once()

    record = await order.to_the_end()

    assert record.result["card"] == "uncertain"
    assert len(lab.tenant.touched("card.posted")) == 1


async def test_given_no_address_when_told_then_the_result_names_the_setting(
    lab, build: ModuleType, people
):
    await lab.bring_in(build.a_council(*people).telling(card=True))

    record = await (await ask(lab, card=True)).to_the_end()

    assert "ROLLOUT_NOTICE_WEBHOOK" in record.result["card"]
