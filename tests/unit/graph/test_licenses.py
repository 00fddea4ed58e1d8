"""Licences: one call per person, and Microsoft's texts as reasons."""

from graph.licenses import LicenseChange, assign_licenses, list_skus
from teams_rollout.domain.vocabulary import Outcome

E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"
F1 = "66b55226-6b4f-492c-910c-a3b7a3c9d993"
YAMMER = "7547a3fe-08ee-4ccb-b430-5077c5041653"


async def test_given_subscriptions_when_listed_then_seats_in_grace_count_as_usable(
    microsoft, session, script
):
    row = {
        "skuId": E3,
        "skuPartNumber": "SPE_E3",
        "servicePlans": [{"servicePlanId": YAMMER, "servicePlanName": "YAMMER_ENTERPRISE"}],
        "prepaidUnits": {"enabled": 10, "warning": 2, "suspended": 5, "lockedOut": 1},
        "consumedUnits": 7,
        "capabilityStatus": "Enabled",
        "appliesTo": "User",
    }
    microsoft.on("GET", "/subscribedSkus", script(body={"value": [row]}))

    (sku,) = await list_skus(session)

    assert (sku.part_number, sku.enabled, sku.consumed) == ("SPE_E3", 12, 7)
    assert sku.plans[0].name == "YAMMER_ENTERPRISE"
    assert "$top" not in microsoft.received[0].query


async def test_given_a_swap_when_assigned_then_add_and_remove_travel_in_one_call(
    microsoft, session, script
):
    microsoft.on("POST", "/users/u1/assignLicense", script(body={"id": "u1"}))
    change = LicenseChange(user_id="u1", add=((E3, (YAMMER,)),), remove=(F1,))

    (result,) = await assign_licenses(session, [change])

    assert result.outcome is Outcome.APPLIED
    (call,) = microsoft.received
    assert call.body["addLicenses"] == [{"skuId": E3, "disabledPlans": [YAMMER]}]
    assert call.body["removeLicenses"] == [F1]
    assert call.envelope == 0


async def test_given_nothing_to_remove_when_assigned_then_both_lists_are_sent_all_the_same(
    microsoft, session, script
):
    microsoft.on("POST", "/users/u1/assignLicense", script(body={"id": "u1"}))

    await assign_licenses(session, [LicenseChange(user_id="u1", add=((E3, ()),))])

    assert microsoft.received[0].body == {
        "addLicenses": [{"skuId": E3, "disabledPlans": []}],
        "removeLicenses": [],
    }


async def test_given_seats_that_run_out_when_assigned_then_only_the_late_ones_are_blocked(
    microsoft, session, script, refused
):
    text = f"Subscription with SKU {E3} does not have any available licenses."
    microsoft.on("POST", "/users/u1/assignLicense", script())
    microsoft.on("POST", "/users/u2/assignLicense", script(status=400, body=refused(text)))
    changes = [LicenseChange(user_id=u, add=((E3, ()),)) for u in ("u1", "u2")]

    first, second = await assign_licenses(session, changes)

    assert first.outcome is Outcome.APPLIED
    assert (second.outcome, second.code) == (Outcome.BLOCKED, "no_seats_left")


async def test_given_a_location_just_set_when_refused_then_the_machine_tries_again(
    microsoft, session, script, refused
):
    text = "License assignment cannot be done for user with invalid usage location."
    microsoft.on("POST", "/users/.*/assignLicense", script(status=400, body=refused(text)))
    fresh = LicenseChange(user_id="u1", add=((E3, ()),), location_just_set=True)
    stale = LicenseChange(user_id="u2", add=((E3, ()),))

    first, second = await assign_licenses(session, [fresh, stale])

    assert first.outcome is Outcome.TRANSIENT
    assert second.outcome is Outcome.BLOCKED
    assert first.code == second.code == "usage_location_missing"


async def test_given_a_license_that_is_gone_when_only_removing_then_it_is_already_so(
    microsoft, session, script, refused
):
    text = "User does not have a corresponding license."
    microsoft.on("POST", "/users/.*/assignLicense", script(status=400, body=refused(text)))
    only_removal = LicenseChange(user_id="u1", remove=(F1,))
    swap = LicenseChange(user_id="u2", add=((E3, ()),), remove=(F1,))

    first, second = await assign_licenses(session, [only_removal, swap])

    assert first.outcome is Outcome.ALREADY
    assert (second.outcome, second.code) == (Outcome.FAILED, "request_refused")
