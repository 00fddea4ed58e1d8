"""Defects of msgraph-sdk that we work round, each proved.

When one of these tests fails, a release has mended the defect: remove the workaround that the
test names, then the test.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import httpx
import pytest
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_http.middleware.options import RetryHandlerOption
from kiota_http.middleware.retry_handler import RetryHandler
from kiota_serialization_json.json_parse_node import JsonParseNode
from kiota_serialization_json.json_serialization_writer import JsonSerializationWriter
from msgraph.generated.models.team import Team
from msgraph.generated.models.user import User
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient

from graph.limits import DIRECTORY_WRITE
from graph.wire import from_sdk

BASE_URL = "http://127.0.0.1:9/v1.0"


@pytest.fixture
async def adapter() -> Any:
    async with httpx.AsyncClient() as client:
        made = GraphRequestAdapter(AnonymousAuthenticationProvider(), client=client)
        made.base_url = BASE_URL
        yield made


@pytest.fixture
def sdk_batch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """The SDK's batch modules, with a stand-in for the package that it forgets to require."""
    standin = ModuleType("deprecated")
    vars(standin)["deprecated"] = lambda _: lambda thing: thing
    monkeypatch.setitem(sys.modules, "deprecated", standin)
    before = set(sys.modules)
    yield lambda name: importlib.import_module(f"msgraph_core.requests.{name}")
    for name in set(sys.modules) - before:
        if name.startswith("msgraph_core.requests"):
            del sys.modules[name]


@pytest.fixture
def batch_item(sdk_batch: Callable[[str], ModuleType]) -> Any:
    """The SDK's class of one item of an envelope."""
    return sdk_batch("batch_request_item").BatchRequestItem


async def test_given_a_function_with_two_arguments_when_built_then_the_comma_is_lost(adapter):
    """Workaround: `graph.policies.find_policy_id` writes the URL itself."""
    client = GraphServiceClient(request_adapter=adapter)
    policy = client.admin.teams.policy
    builder = policy.microsoft_graph_teams_administration_get_policy_id_with_type_with_name(
        "AllOn", "TeamsMeetingPolicy"
    )

    url = builder.to_get_request_information().url

    assert "type='TeamsMeetingPolicy'name='AllOn'" in url


def test_given_the_batch_classes_when_imported_then_a_package_is_missing():
    """Workaround: `graph.batch` (msgraph-sdk-python-core#1030)."""
    if importlib.util.find_spec("deprecated") is not None:
        pytest.skip("something else installed the package that msgraph-core forgets")

    with pytest.raises(ModuleNotFoundError, match="deprecated"):
        importlib.import_module("msgraph_core.requests.batch_request_item")


async def test_given_a_batch_item_that_depends_when_serialised_then_the_name_is_wrong(
    adapter, batch_item
):
    """Workaround: `graph.batch`; dependencies are never sent in an envelope at all."""
    client = GraphServiceClient(request_adapter=adapter)
    information = client.users.by_user_id("u1").to_patch_request_information(User())
    item = batch_item(information, id="2", depends_on=["1"])
    writer = JsonSerializationWriter()

    item.serialize(writer)

    assert "depends_on" in writer.writer
    assert "dependsOn" not in writer.writer


async def test_given_one_collection_call_when_building_then_urls_become_absolute(
    adapter, batch_item
):
    """Workaround: `graph.wire.from_sdk` (msgraph-sdk-python#1015)."""
    client = GraphServiceClient(request_adapter=adapter)
    before = client.users.by_user_id("u1").to_patch_request_information(User())
    # What the adapter does to every request that it sends itself:
    adapter.set_base_url_for_request_information(client.users.to_get_request_information())
    after = client.users.by_user_id("u1").to_patch_request_information(User())

    assert before.url == "/users/u1"
    assert batch_item(after, id="1").url == f"{BASE_URL}/users/u1"
    ours = from_sdk(after, base_url=BASE_URL, cost=DIRECTORY_WRITE)
    assert ours.url == "/users/u1"


def test_given_the_answer_to_an_envelope_when_read_then_bodies_of_items_are_lost(sdk_batch):
    """Workaround: `graph.batch.decode` (kiota-python#737); error codes would be unreadable."""
    content = sdk_batch("batch_response_content").BatchResponseContent
    refusal = {"error": {"code": "Request_BadRequest", "message": "no"}}
    answer = {"responses": [{"id": "1", "status": 400, "headers": {}, "body": refusal}]}

    found = JsonParseNode(answer).get_object_value(content)

    assert found.get_response_by_id("1").status == 400
    assert found.get_response_by_id("1").body is None


def test_given_items_that_failed_when_collected_for_a_repeat_then_the_sdk_raises(
    adapter, sdk_batch, batch_item
):
    """Workaround: `graph.session` repeats throttled items itself, after the longest wait."""
    client = GraphServiceClient(request_adapter=adapter)
    requests = sdk_batch("batch_request_content_collection").BatchRequestContentCollection()
    information = client.users.by_user_id("u1").to_patch_request_information(User())
    requests.add_batch_request_item(batch_item(information, id="1"))

    with pytest.raises(AttributeError):
        requests.new_batch_with_failed_requests()


async def test_given_several_envelopes_when_asked_for_all_statuses_then_the_sdk_raises(sdk_batch):
    """Workaround: `graph.batch.decode`, envelope by envelope."""
    responses = sdk_batch("batch_response_content_collection").BatchResponseContentCollection()
    responses.add_response(sdk_batch("batch_response_content").BatchResponseContent())

    with pytest.raises(TypeError):
        await responses.responses_status_codes


async def test_given_an_accepted_order_when_posted_then_its_location_is_lost(adapter):
    """Workaround: `graph.transport` keeps the headers of every answer (number orders)."""
    location = {"Location": "/teams('t1')/operations('o1')"}
    accepted = httpx.MockTransport(lambda _: httpx.Response(202, headers=location))
    async with httpx.AsyncClient(transport=accepted) as client:
        posting = GraphRequestAdapter(AnonymousAuthenticationProvider(), client=client)
        posting.base_url = BASE_URL

        answer = await GraphServiceClient(request_adapter=posting).teams.post(Team())

    assert answer is None


async def test_given_a_long_retry_after_when_throttled_then_the_middleware_gives_up():
    """Workaround: `graph.session` hands waits of any length back as data."""
    sent: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(429, headers={"Retry-After": "200"})

    answer = await RetryHandler(RetryHandlerOption()).send(
        httpx.Request("GET", f"{BASE_URL}/users"), httpx.MockTransport(refuse)
    )

    assert (answer.status_code, len(sent)) == (429, 1)


def test_given_a_timeout_at_the_gateway_when_posting_then_the_middleware_sends_it_again():
    """Workaround: `graph.transport` sends without the SDK's middleware (duplicate teams)."""
    request = httpx.Request("POST", f"{BASE_URL}/teams", content=b"{}")
    options = RetryHandlerOption()

    again = RetryHandler(options).should_retry(request, options, httpx.Response(504))

    assert again
