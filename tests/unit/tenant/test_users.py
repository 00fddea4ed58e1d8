"""/users answers like Entra: strict, paged, and a little behind."""

from __future__ import annotations

import pytest

from tests.unit.tenant.kit import ANN, BOB, E3, EVE, GROUP, TEAMS1, Tenant, group, seed, user


def many(count: int) -> dict[str, object]:
    people = [
        user(f"c0000000-0000-4000-8000-{i:012d}", f"p{i}.x@example.gov.uk") for i in range(count)
    ]
    return seed(people)


def test_given_more_users_than_a_page_when_following_next_links_then_each_comes_once():
    tenant = Tenant(many(25))

    seen, url = [], "/users?$select=id&$top=10"
    while url:
        page = tenant.get(url).body
        seen += [row["id"] for row in page["value"]]
        url = page.get("@odata.nextLink", "").removeprefix("http://tenant.test/v1.0")

    assert len(seen) == len(set(seen)) == 25


def test_given_no_select_when_listing_then_licences_are_not_there():
    row = Tenant().get("/users").body["value"][0]

    assert "assignedLicenses" not in row
    assert row["userPrincipalName"] == "ann.o'brien@example.gov.uk"


@pytest.mark.parametrize(
    ("clause", "names"),
    [
        ("userPrincipalName eq 'BOB.smith@example.gov.uk'", {"Bob Smith"}),
        ("userPrincipalName eq 'ann.o''brien@example.gov.uk'", {"Ann O'Brien"}),
        (f"id in ('{BOB}','{EVE}')", {"Bob Smith", "Eve Jones"}),
        ("startsWith(displayName,'ev')", {"Eve Jones"}),
        ("employeeId eq 'E002' or mail eq 'eve.jones@example.gov.uk'", {"Bob Smith", "Eve Jones"}),
        (
            "userType eq 'Member' and (givenName eq 'Bob' or givenName eq 'Eve')",
            {"Bob Smith", "Eve Jones"},
        ),
        ("accountEnabled eq false", set()),
        ("usageLocation eq null", set()),
    ],
)
def test_given_a_filter_when_listing_then_only_those_come(clause, names):
    reply = Tenant().get(f"/users?$select=displayName&$filter={clause}")

    assert {row["displayName"] for row in reply.body["value"]} == names


def test_given_sixteen_terms_when_filtering_then_microsofts_refusal():
    terms = ",".join(f"'{i}'" for i in range(16))

    reply = Tenant().get(f"/users?$filter=id in ({terms})")

    assert (reply.status, reply.code) == (400, "Request_UnsupportedQuery")
    assert "Max allowed: 15" in reply.message


def test_given_an_advanced_query_when_filtering_by_twenty_then_it_works_and_counts():
    terms = ",".join(f"'{i}'" for i in range(20))

    reply = Tenant().get(
        f"/users?$count=true&$filter=employeeId in ({terms},'E001')", ConsistencyLevel="eventual"
    )

    assert reply.body["@odata.count"] == 1


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("$select=nonsense", 400),
        ("$top=1000", 400),
        ("$skip=5", 400),
        ("$count=true", 400),
        ("$filter=nonsense eq 'x'", 400),
        ("$filter=displayName eq", 400),
        ("$filter=displayName ne 'x'", 400),
        ("$select=aboutMe", 501),
        ("$skiptoken=nonsense", 400),
        ("$filter=assignedLicenses/any(x:x/skuId eq " + E3 + ")", 200),
    ],
)
def test_given_a_query_when_graph_would_refuse_it_then_so_do_we(query, status):
    assert Tenant().get(f"/users?{query}").status == status


@pytest.mark.parametrize(
    "key",
    [
        ANN,
        ANN.upper(),
        "ann.o'brien@example.gov.uk",
        "ann.o%27brien%40example.gov.uk",
        "ANN.O'BRIEN@EXAMPLE.GOV.UK",
    ],
)
def test_given_any_spelling_of_a_key_when_reading_one_then_he_is_found(key):
    assert Tenant().get(f"/users/{key}?$select=id").body["id"] == ANN


def test_given_key_syntax_with_doubled_apostrophe_when_reading_one_then_he_is_found():
    assert Tenant().get("/users('ann.o''brien@example.gov.uk')").body["id"] == ANN


def test_given_a_guest_upn_with_hash_when_encoded_then_he_is_found():
    assert Tenant().get("/users/guest_other.org%23EXT%23@example.gov.uk").status == 200


def test_given_an_unknown_user_when_reading_then_entras_404():
    reply = Tenant().get("/users/nobody@example.gov.uk")

    assert (reply.status, reply.code) == (404, "Request_ResourceNotFound")


def test_given_a_new_location_when_patched_then_one_effect_and_the_list_lags():
    tenant = Tenant(seed(lag={"directory": [30, 30], "location": 0}))

    reply = tenant.call("PATCH", f"/users/{BOB}", {"usageLocation": "IE"})
    listed = tenant.get("/users?$select=usageLocation").body["value"][1]
    read = tenant.get(f"/users/{BOB}?$select=usageLocation").body
    tenant.later(31)
    listed_later = tenant.get("/users?$select=usageLocation").body["value"][1]

    assert reply.status == 204
    assert (listed["usageLocation"], read["usageLocation"]) == ("GB", "IE")
    assert listed_later["usageLocation"] == "IE"
    effect = tenant.effects()[0]
    assert (effect["kind"], effect["before"], effect["after"]) == ("user.usageLocation", "GB", "IE")


def test_given_the_same_location_when_patched_then_no_effect_but_redundant():
    tenant = Tenant()

    tenant.call("PATCH", f"/users/{BOB}", {"usageLocation": "GB"})

    assert tenant.effects() == []
    assert tenant.requests()["redundant"] == {"PATCH /users/{user}": 1}
    assert tenant.requests()["redundant_total"] == 1


@pytest.mark.parametrize(
    "body",
    [{"usageLocation": "Britain"}, {"nonsense": 1}, {"usageLocation": 5}, {}, {"displayName": "X"}],
)
def test_given_a_wrong_body_when_patching_then_400_and_nothing_changes(body):
    tenant = Tenant()

    reply = tenant.call("PATCH", f"/users/{BOB}", body)

    assert (reply.status, reply.code, tenant.effects()) == (400, "Request_BadRequest", [])


def test_given_ids_when_read_together_then_missing_ones_are_silently_absent():
    reply = Tenant().post(
        "/directoryObjects/getByIds?$select=id,displayName",
        {"ids": [BOB, "00000000-0000-0000-0000-000000000000"], "types": ["user"]},
    )

    assert [row["id"] for row in reply.body["value"]] == [BOB]
    assert reply.headers["x-ms-resource-unit"] == "2"


def test_given_no_token_when_asking_then_401_with_a_challenge():
    reply = Tenant().raw("GET", "/v1.0/users")

    assert (reply.status, reply.code) == (401, "InvalidAuthenticationToken")
    assert reply.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/v1.0/me", "/v1.0/users/x/calendar", "/beta/users", "/"])
def test_given_something_we_do_not_have_when_asking_then_501_with_the_path(path):
    reply = Tenant().raw("GET", path, headers={"Authorization": "Bearer t"})

    assert reply.status == 501
    assert path in reply.message


def test_given_a_broken_body_when_posting_then_400():
    tenant = Tenant()

    broken = tenant.call("POST", "/groups", b"{", {"Content-Type": "application/json"})
    untyped = tenant.call("POST", "/groups", b"{}", {"Content-Type": "text/plain"})

    assert (broken.status, untyped.status) == (400, 400)


def test_given_an_order_when_listing_then_names_come_sorted_over_pages():
    tenant = Tenant()

    first = tenant.get("/users?$select=displayName&$orderby=displayName desc&$top=2").body
    second = tenant.get(first["@odata.nextLink"].removeprefix("http://tenant.test/v1.0")).body

    names = [row["displayName"] for row in [*first["value"], *second["value"]]]
    assert names == sorted(names, reverse=True)
    assert len(names) == 4


def test_given_users_when_counted_then_a_plain_number_and_only_in_advanced_queries():
    tenant = Tenant()

    plain = tenant.get("/users/$count")
    counted = tenant.get("/users/$count?$filter=userType eq 'Member'", ConsistencyLevel="eventual")

    assert plain.status == 400
    assert (counted.headers["content-type"], counted.body) == ("text/plain", b"3")


def test_given_a_user_when_his_groups_are_listed_then_those_he_is_in():
    tenant = Tenant(seed(groups=[group(GROUP, "Any", members=[BOB])]))

    assert [x["id"] for x in tenant.get(f"/users/{BOB}/memberOf").body["value"]] == [GROUP]
    assert tenant.get(f"/users/{ANN}/memberOf").body["value"] == []


def test_given_words_when_searched_then_names_that_begin_with_them():
    tenant = Tenant()
    path = '/users?$search="displayName:smi"&$select=displayName'

    found = tenant.get(path, ConsistencyLevel="eventual").body["value"]

    assert [x["displayName"] for x in found] == ["Bob Smith"]
    assert tenant.get(path).status == 400


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("$filter=endsWith(mail,'gov.uk')", 400),
        ("$filter=not startsWith(mail,'a')", 400),
        ("$filter=(mail eq 'a'", 400),
        ("$filter=mail eq 'a' nonsense", 400),
        ("$filter=mail gt 'a'", 400),
        ("$filter=mail eq 'a", 400),
        ("$filter=mail eq (", 400),
        ("$filter='a' eq mail", 400),
        ("$filter=assignedLicenses/any(x:y/skuId eq 'a')", 400),
        ("$filter=mail eq '" + "a" * 121 + "'", 400),
        ("$filter=assignedPlans/any(p:p/servicePlanId eq 'a')", 400),
        ("$filter=assignedLicenses/$count ne 0", 400),
        ("$filter=assignedLicenses/any(x:x/skuId eq 'a' and x/disabledPlans/any(y:y eq 'a'))", 400),
        ("$top=1&$top=2", 400),
        ("$orderby=mail", 400),
        ("$orderby=displayName&$filter=startsWith(mail,'a')", 400),
        ("$search=nonsense", 400),
        ("nonsense=1", 200),
    ],
)
def test_given_an_odd_query_when_graph_would_refuse_it_then_so_do_we(query, status):
    reply = Tenant().get(
        f"/users?{query}", **({"ConsistencyLevel": "eventual"} if "search" in query else {})
    )

    assert reply.status == status


@pytest.mark.parametrize(
    ("clause", "count"),
    [
        ("endsWith(mail,'gov.uk')", 4),
        ("not startsWith(mail,'ann')", 3),
        ("mail ne 'bob.smith@example.gov.uk'", 3),
        (f"assignedPlans/any(p:p/servicePlanId eq {TEAMS1})", 1),
        (f"assignedPlans/any(p:p/servicePlanId eq {TEAMS1} and p/capabilityStatus eq 'x')", 0),
        ("assignedLicenses/$count ne 0", 1),
        ("assignedLicenses/$count eq 0 and startsWith(mail,'bob')", 1),
    ],
)
def test_given_advanced_operators_when_asked_properly_then_they_work(clause, count):
    people = seed()
    people["users"][0]["assignedLicenses"] = [{"skuId": E3, "disabledPlans": []}]

    reply = Tenant(people).get(f"/users?$count=true&$filter={clause}", ConsistencyLevel="eventual")

    assert reply.body["@odata.count"] == count


def test_given_an_advanced_query_when_its_url_is_too_long_then_400():
    long = " or ".join(f"mail eq '{'a' * 90}{i}'" for i in range(25))

    reply = Tenant().get(f"/users?$count=true&$filter={long}", ConsistencyLevel="eventual")

    assert (reply.status, "2048" in reply.message) == (400, True)


def test_given_too_many_ids_when_read_together_then_400():
    assert Tenant().post("/directoryObjects/getByIds", {"ids": ["x"] * 1001}).status == 400
