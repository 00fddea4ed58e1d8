"""The HTTP client: pages, operations, refusals."""

import pytest

from teams_rollout.cli.client import RolloutClient
from teams_rollout.cli.errors import ApiError, CliError
from tests.unit.cli.stub_api import Server, StubApi


def test_given_pages_when_read_whole_then_one_list_without_a_link(api: StubApi):
    with RolloutClient(api.url) as client:
        answer = client.whole("/users")

    assert [user["upn"] for user in answer["value"]] == ["ada@example.gov.uk", "ben@example.gov.uk"]
    assert "nextLink" not in answer


def test_given_a_link_to_another_host_when_followed_then_our_own_host_is_asked(api: StubApi):
    with RolloutClient(api.url) as client:
        plan = client.whole("/plans/p1", key="changes")

    assert len(plan["changes"]) == 2


def test_given_a_problem_when_answered_then_title_detail_and_what_to_do(api: StubApi):
    with RolloutClient(api.url) as client, pytest.raises(ApiError) as refusal:
        client.post("/users/show", {"upn": "nobody"})

    assert refusal.value.message == "Nobody of this rollout is found. Check the spelling"
    assert refusal.value.status == 404


def test_given_a_part_that_is_not_valid_when_refused_then_it_is_named():
    field = {"field": "body.upn", "message": "String should have at least 1 character"}
    problem = {"title": "The request is not valid.", "do": "Correct it.", "errors": [field]}

    error = ApiError(status=422, problem=problem)

    assert error.message.endswith("body.upn: String should have at least 1 character")


def test_given_a_failed_operation_when_awaited_then_its_error_is_the_message(api: StubApi):
    api.operation = {"status": "failed", "error": {"code": "x", "message": "No.", "do": "Wait."}}

    with RolloutClient(api.url) as client, pytest.raises(CliError, match=r"plan failed: No\. Wait"):
        client.finished({"id": "op"})


def test_given_an_operation_in_trouble_when_awaited_then_the_reason_is_told_once(
    api: StubApi, capsys: pytest.CaptureFixture[str]
):
    trouble = {"code": "x", "message": "Graph at 127.0.0.1 does not answer.", "do": "Start it."}
    api.operation = {"status": "running", "error": trouble}
    looks: list[int] = []

    def three_looks() -> None:
        looks.append(1)
        if len(looks) > 3:
            api.operation = {"status": "succeeded"}

    with RolloutClient(api.url, tend=three_looks) as client:
        client.finished({"id": "op"})

    told = capsys.readouterr().err
    assert told == "Waiting: Graph at 127.0.0.1 does not answer. Start it.\n"


def test_given_another_server_when_asked_then_it_is_no_rollout_api(api: StubApi):
    with RolloutClient(api.url) as client, pytest.raises(CliError, match="rollout API"):
        client.get("/nonsense")


def test_given_a_lab_that_brings_its_host_back_when_posting_then_it_arrives():
    server = Server(StubApi())
    tended: list[str] = []

    def bring_back() -> None:
        if not tended:
            server.start()
        tended.append("tended")

    try:
        with RolloutClient(server.api.url, tend=bring_back) as client:
            status, answer = client.post("/reconciliations")
    finally:
        server.stop()

    assert (status, answer["id"]) == (200, "op")
    assert tended


def test_given_a_lab_that_died_when_waiting_then_the_wait_ends(api: StubApi):
    def died() -> None:
        raise CliError("storage died")

    api.operation = {"status": "running"}

    with RolloutClient(api.url, tend=died) as client, pytest.raises(CliError, match="storage died"):
        client.finished({"id": "op"})
