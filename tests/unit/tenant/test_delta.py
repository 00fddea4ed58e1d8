"""Delta queries: everything once, then only what changed."""

from __future__ import annotations

import pytest

from tests.unit.tenant.kit import ANN, BOB, EVE, TEAM, Tenant, with_team


def follow(tenant, url):
    """Read all pages; return the ids (removed ones marked with -) and the delta link."""
    ids = []
    while True:
        body = tenant.get(url.removeprefix("http://tenant.test/v1.0")).body
        ids += [("-" if "@removed" in row else "") + row["id"] for row in body["value"]]
        if "@odata.deltaLink" in body:
            return ids, body["@odata.deltaLink"]
        url = body["@odata.nextLink"]


@pytest.mark.parametrize("name", ["delta()", "delta", "microsoft.graph.delta()"])
def test_given_users_when_read_in_pages_then_all_of_them_once(name):
    ids, _ = follow(Tenant(), f"/users/{name}?$select=id&$top=3")

    assert len(ids) == len(set(ids)) == 4


def test_given_a_delta_link_when_users_change_then_only_those_come():
    tenant = Tenant()
    _, link = follow(tenant, "/users/delta()?$select=id")
    tenant.call("PATCH", f"/users/{BOB}", {"usageLocation": "IE"})
    tenant.change({"op": "deleteUser", "id": EVE})

    ids, link = follow(tenant, link)
    nothing, _ = follow(tenant, link)

    assert (ids, nothing) == ([BOB, f"-{EVE}"], [])


def test_given_ids_when_filtered_then_only_those_users():
    assert follow(Tenant(), f"/users/delta()?$filter=id eq '{ANN}'")[0] == [ANN]


def test_given_groups_when_one_changes_then_it_comes_again():
    tenant = Tenant(with_team())
    ids, link = follow(tenant, "/groups/delta()")
    tenant.call("PATCH", f"/groups/{TEAM}", {"description": "x"})

    assert (ids, follow(tenant, link)[0]) == ([TEAM], [TEAM])


def test_given_a_nonsense_token_when_used_then_400():
    assert Tenant().get("/users/delta()?$deltatoken=nonsense").status == 400
