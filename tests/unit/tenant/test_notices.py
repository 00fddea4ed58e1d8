"""Mail, activity cards and a channel's workflow: accepted when right, each one an effect."""

from __future__ import annotations

import pytest

from tests.unit.tenant.kit import ANN, BOB, E3, EVE, TEAM, Tenant, seed, with_team

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


def test_given_people_of_the_tenant_when_mailed_then_one_effect_names_each():
    tenant = Tenant()
    rows = [
        {"emailAddress": {"address": x}}
        for x in ("EVE.jones@example.gov.uk", "ann.o'brien@example.gov.uk")
    ]

    tenant.post(f"/users/{BOB}/sendMail", {"message": {"subject": "x", "toRecipients": rows}})

    assert [x["objectId"] for x in tenant.effects()] == [EVE, ANN]


WORKFLOW = "/workflows/project/triggers/manual/paths/invoke"
ADAPTIVE = "application/vnd.microsoft.card.adaptive"


def workflow_card(text="x", **changes):
    body = [{"type": "TextBlock", "text": text}]
    content = {"type": "AdaptiveCard", "version": "1.4", "body": body, **changes}
    return {"type": "message", "attachments": [{"contentType": ADAPTIVE, "content": content}]}


def post_card(tenant, body, query="?sig=s"):
    return tenant.raw("POST", f"{WORKFLOW}{query}", body, {"Content-Type": "application/json"})


def test_given_a_workflow_when_a_card_is_posted_then_one_effect_without_any_sign_in():
    tenant = Tenant(seed(grantedPermissions=["User.Read.All"]))

    reply = post_card(tenant, workflow_card())

    assert reply.status == 202
    assert [(x["kind"], x["objectId"]) for x in tenant.effects()] == [("card.posted", "project")]


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("", workflow_card(), 401),
        ("?sig=s", {"text": "an old connector's card"}, 400),
        ("?sig=s", workflow_card(body=["x"]), 400),
        ("?sig=s", workflow_card(type="MessageCard"), 400),
        ("?sig=s", workflow_card("x" * 29_000), 413),
    ],
)
def test_given_a_poor_card_when_posted_to_a_workflow_then_refused(query, body, status):
    tenant = Tenant()

    reply = post_card(tenant, body, query)

    assert reply.status == status
    assert tenant.effects() == []


def test_given_a_fault_when_a_card_is_posted_then_it_hits_the_workflow_too():
    rule = {"path": "/workflows/*", "kind": "503", "count": 1}
    tenant = Tenant(faults={"rules": [rule]})

    replies = [post_card(tenant, workflow_card()) for _ in range(2)]

    assert [x.status for x in replies] == [503, 202]


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
