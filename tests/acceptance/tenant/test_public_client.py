"""A client that knows nothing of us works against the simulator as against Microsoft.

Microsoft's SDK for Python, with its own sign-in, middleware and models, over TLS.
"""

from uuid import UUID

import pytest
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.groups.groups_request_builder import GroupsRequestBuilder
from msgraph.generated.models.aad_user_conversation_member import AadUserConversationMember
from msgraph.generated.models.assigned_license import AssignedLicense
from msgraph.generated.models.channel import Channel
from msgraph.generated.models.conversation_member import ConversationMember
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.team import Team
from msgraph.generated.models.user import User
from msgraph.generated.teams.item.members.add.add_post_request_body import AddPostRequestBody
from msgraph.generated.users.item.assign_license.assign_license_post_request_body import (
    AssignLicensePostRequestBody,
)
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph_core.tasks.page_iterator import (  # type: ignore[import-untyped]  # has no marker
    PageIterator,
)

from tests.unit.tenant.kit import ANN, BOB, E3, EVE, bind

pytestmark = pytest.mark.xdist_group("public-client")

ANN_NAME = "ann.o'brien@example.gov.uk"
Users = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters


def asking(*, eventual: bool = False, **options):
    """The options of a list of people."""
    made = RequestConfiguration(query_parameters=Users(**options))
    if eventual:
        made.headers.add("ConsistencyLevel", "eventual")
    return made


async def test_given_more_people_than_a_page_when_the_client_pages_then_each_comes_once(client):
    seen: list[str] = []

    first = await client.users.get(asking(select=["id"], top=70))

    def take(person: User) -> bool:
        seen.append(str(person.id))
        return True

    await PageIterator(first, client.request_adapter).iterate(take)

    assert len(seen) == len(set(seen)) == 304


@pytest.mark.parametrize(
    ("clause", "count"),
    [
        ("userPrincipalName eq 'ann.o''brien@example.gov.uk'", 1),
        (f"id in ('{ANN}','{BOB}')", 2),
        ("startsWith(givenName,'P1') and accountEnabled eq true", 111),
        ("surname eq 'Jones' or surname eq 'Smith'", 2),
    ],
)
async def test_given_a_filter_when_the_client_counts_then_the_answer_is_right(
    client, clause, count
):
    found = await client.users.get(asking(filter=clause, count=True, top=5, eventual=True))

    assert found.odata_count == count
    assert len(found.value) == min(count, 5)


async def test_given_an_apostrophe_in_a_name_when_the_client_reads_the_person_then_found(client):
    found = await client.users.by_user_id(ANN_NAME).get()

    assert (found.id, found.user_principal_name) == (ANN, ANN_NAME)


async def test_given_nobody_licensed_when_the_client_licenses_then_seats_and_plans_show_it(client):
    bob = client.users.by_user_id(BOB)
    give = AssignLicensePostRequestBody(
        add_licenses=[AssignedLicense(sku_id=UUID(E3), disabled_plans=[])], remove_licenses=[]
    )
    with pytest.raises(ODataError, match="usage location"):
        await bob.assign_license.post(give)

    await bob.patch(User(usage_location="GB"))
    await bob.assign_license.post(give)

    skus = await client.subscribed_skus.get()
    assert {s.sku_part_number: s.consumed_units for s in skus.value}["SPE_E3"] == 1
    details = await bob.license_details.get()
    assert "TEAMS1" in {p.service_plan_name for p in details.value[0].service_plans}


async def test_given_a_group_when_the_client_makes_it_a_team_then_people_and_channels_are_in(
    client,
):
    owners = {"owners@odata.bind": [bind(EVE)]}
    made = await client.groups.post(
        Group(
            display_name="Parks",
            mail_nickname="parks",
            mail_enabled=True,
            security_enabled=False,
            group_types=["Unified"],
            additional_data=owners,
        )
    )
    await client.groups.by_group_id(made.id).team.put(Team())
    team = client.teams.by_team_id(made.id)

    added = await team.members.add.post(AddPostRequestBody(values=[member(ANN), member(made.id)]))
    await team.channels.post(Channel(display_name="News"))

    errors = {r.user_id: r.error.code if r.error else None for r in added.value}
    assert errors == {ANN: None, made.id: "NotFound"}
    assert {m.user_id for m in (await team.members.get()).value} == {ANN, EVE}
    assert {c.display_name for c in (await team.channels.get()).value} == {"General", "News"}
    expanded = RequestConfiguration(
        query_parameters=GroupsRequestBuilder.GroupsRequestBuilderGetQueryParameters(
            expand=["owners"], filter="mailNickname eq 'parks'"
        )
    )
    listed = await client.groups.get(expanded)
    assert [o.id for o in listed.value[0].owners] == [EVE]


def member(user_id: str) -> ConversationMember:
    return AadUserConversationMember(
        roles=[], additional_data={"user@odata.bind": f"https://x/v1.0/users('{user_id}')"}
    )


async def test_given_a_member_when_the_client_adds_him_again_then_it_is_told_so(client):
    made = await client.groups.post(
        Group(
            display_name="Lic",
            mail_nickname="lic",
            mail_enabled=False,
            security_enabled=True,
            group_types=[],
        )
    )
    members = client.groups.by_group_id(made.id).members
    reference = ReferenceCreate(odata_id=f"https://graph.microsoft.com/v1.0/users/{BOB}")
    await members.ref.post(reference)

    with pytest.raises(ODataError) as refused:
        await members.ref.post(reference)

    assert refused.value.response_status_code == 400
    assert "already exist" in str(refused.value.primary_message)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        (Method.GET, "/users/nobody@example.gov.uk", 404, "Request_ResourceNotFound"),
        (Method.GET, "/users?$filter=favouriteColour eq 'red'", 400, "Request_BadRequest"),
        (Method.GET, "/users?$filter=displayName eq", 400, "BadRequest"),
        (Method.GET, "/users?$select=favouriteColour", 400, "BadRequest"),
        (Method.GET, "/users?$top=1000", 400, "Request_BadRequest"),
        (Method.GET, "/me", 501, "NotImplemented"),
        (Method.GET, "/users/nobody/nonsense", 501, "NotImplemented"),
        (Method.PUT, "/subscribedSkus", 501, "NotImplemented"),
    ],
)
async def test_given_a_wrong_request_when_the_client_sends_it_then_it_learns_what_is_wrong(
    *, client, simulator, method, path, status, code
):
    request = RequestInformation()
    request.http_method = method
    request.url = f"{simulator}/v1.0{path}".replace(" ", "%20")

    with pytest.raises(ODataError) as refused:
        await client.request_adapter.send_no_response_content_async(request, {"XXX": ODataError})

    error = refused.value.error
    assert error is not None
    assert (refused.value.response_status_code, error.code) == (status, code)
    assert error.inner_error is not None
    assert error.inner_error.request_id
