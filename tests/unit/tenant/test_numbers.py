"""Telephone numbers: only for people with a telephone system, ordered, and never twice."""

from __future__ import annotations

import pytest

from tests.unit.tenant.kit import ANN, BOB, E3, EVE, VOICE, Tenant, seed, user

ROOT = "/admin/teams/telephoneNumberManagement"
PHONE = [{"skuId": E3, "disabledPlans": []}, {"skuId": VOICE, "disabledPlans": []}]


def tenant(**lag):
    people = [
        user(ANN, "ann.a@example.gov.uk", assignedLicenses=PHONE),
        user(BOB, "bob.b@example.gov.uk"),
        user(EVE, "eve.e@example.gov.uk", telephoneNumbers=["+442079460003"]),
    ]
    return Tenant(
        seed(people, lag={"directory": 0, "licence": [900, 900], "number": [30, 30], **lag})
    )


def assign(subject, number="+442079460001", who=ANN, prefix=""):
    body = {"telephoneNumber": number, "assignmentTargetId": who, "numberType": "directRouting"}
    return subject.post(f"{ROOT}/numberAssignments/{prefix}assignNumber", body)


def operation(subject, reply):
    return subject.get(reply.headers["location"].removeprefix("http://tenant.test/v1.0")).body


@pytest.mark.parametrize("prefix", ["", "microsoft.graph.teamsAdministration."])
def test_given_a_telephone_user_when_a_number_is_ordered_then_202_and_done_after_the_lag(prefix):
    subject = tenant()

    reply = assign(subject, prefix=prefix)
    running = operation(subject, reply)["status"]
    shown = subject.get(f"/admin/teams/userConfigurations/{ANN}").body["telephoneNumbers"]
    subject.later(31)

    assert (reply.status, running, shown) == (202, "running", [])
    assert operation(subject, reply)["status"] == "succeeded"
    later = subject.get(f"/admin/teams/userConfigurations/{ANN}").body
    assert later["telephoneNumbers"][0]["telephoneNumber"] == "+442079460001"
    assert later["isEnterpriseVoiceEnabled"] is True
    [effect] = subject.effects()
    assert (effect["kind"], effect["objectId"], effect["after"]) == (
        "user.number",
        ANN,
        "+442079460001",
    )


def test_given_a_number_without_plus_when_ordered_then_it_is_the_same_number():
    subject = tenant()

    assign(subject, "442079460001")
    assign(subject, "+442079460001")

    assert len(subject.effects()) == 1
    assert subject.requests()["redundant_total"] == 1


def test_given_somebody_elses_number_when_ordered_then_accepted_and_failed_later():
    subject = tenant()

    reply = assign(subject, "+442079460003")
    subject.later(31)

    done = operation(subject, reply)
    assert (reply.status, done["status"], subject.effects()) == (202, "failed", [])
    assert "another user" in done["numbers"][0]["statusDetail"]
    assert subject.requests()["redundant_total"] == 0


def test_given_no_telephone_system_when_ordered_then_400_until_licence_and_lag():
    subject = tenant()

    unlicensed = assign(subject, who=BOB)
    subject.licence(BOB, *PHONE)
    early = assign(subject, who=BOB)
    subject.later(901)
    late = assign(subject, who=BOB)

    assert [unlicensed.status, early.status, late.status] == [400, 400, 202]


def test_given_a_held_number_when_unassigned_then_free_in_the_inventory():
    subject = tenant()
    body = {"telephoneNumber": "+442079460003", "numberType": "directRouting"}

    reply = subject.post(f"{ROOT}/numberAssignments/unassignNumber", body)

    [row] = subject.get(f"{ROOT}/numberAssignments").body["value"]
    assert (reply.status, row["assignmentStatus"], row["assignmentTargetId"]) == (
        202,
        "unassigned",
        None,
    )


def test_given_numbers_when_filtered_then_the_holder_shows():
    rows = (
        tenant()
        .get(f"{ROOT}/numberAssignments?$filter=telephoneNumber eq '%2B442079460003'")
        .body["value"]
    )

    assert [row["assignmentTargetId"] for row in rows] == [EVE]


@pytest.mark.parametrize(
    "change",
    [
        {"numberType": "magic"},
        {"telephoneNumber": "abc"},
        {"extra": 1},
        {"assignmentTargetId": "nobody"},
    ],
)
def test_given_a_wrong_order_when_sent_then_refused(change):
    body = {
        "telephoneNumber": "+442079460001",
        "assignmentTargetId": ANN,
        "numberType": "directRouting",
    }

    reply = tenant().post(f"{ROOT}/numberAssignments/assignNumber", {**body, **change})

    assert reply.status in (400, 404)
