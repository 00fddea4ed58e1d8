"""Whom a row of users.csv means."""

from typing import Any

from teams_rollout.domain.roster import Assignment
from tests.unit.activities.readings import a_reading, a_user


def a_row(**names: Any) -> Assignment:
    return Assignment(**{"line": 2, "wave": "Pilot", "profile": "office", **names})


def test_given_a_mail_that_is_somebody_elses_upn_when_named_by_upn_then_the_upn_counts():
    jane = a_user("jane")
    renamed = a_user("smith", mail="jane@llanfair.example")

    for users in ((jane, renamed), (renamed, jane)):
        assert a_reading(*users).named_by(a_row(upn="Jane@llanfair.example")) == jane


def test_given_a_mail_when_named_by_mail_then_nobody_is_found_by_upn_or_number():
    renamed = a_user("smith", mail="jane@llanfair.example", employee_id="17")
    reading = a_reading(renamed)

    assert reading.named_by(a_row(mail="jane@llanfair.example")) == renamed
    assert reading.named_by(a_row(employee_id="17")) == renamed
    assert reading.named_by(a_row(mail="smith@llanfair.example")) is None
    assert reading.named_by(a_row(upn="jane@llanfair.example")) is None
    assert reading.named_by(a_row(upn="17@llanfair.example")) is None


def test_given_a_number_on_several_accounts_when_named_by_it_then_nobody_is_picked_by_chance():
    accounts = [a_user(n, employee_id="17") for n in ("jane", "jane-admin", "jane-test")]

    assert a_reading(*accounts).named_by(a_row(employee_id="17")) is None
