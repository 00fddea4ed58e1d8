"""Mail and activity cards: accepted when they are right, each one an effect."""

from __future__ import annotations

import pytest

from tests.unit.tenant.kit import BOB, E3, TEAM, Tenant, with_team

MAIL = {
    "message": {"subject": "x", "toRecipients": [{"emailAddress": {"address": "a@example.gov.uk"}}]}
}
CARD = {
    "topic": {"source": "text", "value": "x"},
    "activityType": "moved",
    "previewText": {"content": "x"},
}


def test_given_a_mail_when_sent_twice_then_two_effects_with_their_own_ids():
    tenant = Tenant()

    replies = [tenant.post(f"/users/{BOB}/sendMail", MAIL) for _ in range(2)]

    assert [x.status for x in replies] == [202, 202]
    assert len({x["after"] for x in tenant.effects()}) == 2
    assert {(x["kind"], x["objectId"]) for x in tenant.effects()} == {("mail.sent", BOB)}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": {}},
        {"message": {"toRecipients": [{"emailAddress": {"address": "x"}}]}},
        {**MAIL, "extra": 1},
    ],
)
def test_given_a_poor_mail_when_sent_then_400(body):
    assert Tenant().post(f"/users/{BOB}/sendMail", body).status == 400


def test_given_somebody_without_teams_when_a_card_is_posted_then_404():
    tenant = Tenant()
    path = f"/users/{BOB}/teamwork/sendActivityNotification"

    before = tenant.post(path, CARD)
    tenant.change({"op": "setLicenses", "id": BOB, "assignedLicenses": [{"skuId": E3}]})
    after = tenant.post(path, CARD)

    assert (before.status, after.status) == (404, 204)
    assert tenant.kinds()[-1] == "card.posted"


def test_given_a_team_when_a_card_is_posted_then_one_effect_and_a_poor_one_is_refused():
    tenant = Tenant(with_team())
    path = f"/teams/{TEAM}/sendActivityNotification"

    assert (tenant.post(path, CARD).status, tenant.post(path, {}).status) == (204, 400)
    assert tenant.kinds() == ["card.posted"]
