"""HTTP functions on the local host."""

import json
from pathlib import Path

import httpx
import pytest

from tests.acceptance.localhost.host_process import HostProcess

pytestmark = pytest.mark.func_host


def test_given_route_parameters_when_called_then_the_function_sees_them(basic: HostProcess):
    answer = basic.http.put(
        "/api/echo/12/a/b%20c?q=1&q=2", content="body", headers={"X-Agent": "tester"}
    )

    assert answer.status_code == 207
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json() == {
        "method": "PUT",
        "params": {"q": "1,2"},
        "route": {"number": "12", "rest": "a/b c"},
        "body": "body",
        "agent": "tester",
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/echo/twelve/a"), ("DELETE", "/api/echo/1/a"), ("GET", "/echo/1"), ("GET", "/")],
)
def test_given_no_such_route_when_called_then_404(basic: HostProcess, method: str, path: str):
    assert basic.http.request(method, path).status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/api/nothing", 500, ""),  # as on Azure: the worker cannot encode None for an HTTP output
        ("/api/silent", 204, ""),
        ("/api/text", 200, "plain"),
        ("/api/broken", 500, ""),
    ],
)
def test_given_a_result_when_returned_then_the_response_fits(
    basic: HostProcess, path: str, status: int, text: str
):
    answer = basic.http.get(path)

    assert (answer.status_code, answer.text) == (status, text)


def keys_of(host: HostProcess) -> dict[str, str]:
    line = next(line for line in host.said if line.startswith("keys: "))
    keys: dict[str, str] = json.loads(Path(line.removeprefix("keys: ")).read_text())
    return keys


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/api/locked", None, 401),
        ("/api/locked", "function", 200),
        ("/api/locked", "master", 200),
        ("/api/masters", "function", 401),
        ("/api/masters", "master", 200),
    ],
)
def test_given_an_auth_level_when_called_with_a_key_then_only_the_right_one_opens(
    basic: HostProcess, path: str, key: str | None, status: int
):
    code = {} if key is None else {"code": keys_of(basic)[key]}

    assert basic.http.get(path, params=code).status_code == status


def test_given_a_key_in_the_header_when_called_then_it_opens(basic: HostProcess):
    headers = {"x-functions-key": keys_of(basic)["function"]}

    assert basic.http.get("/api/locked", headers=headers).text == "open"


def test_given_a_running_host_when_asked_for_its_status_then_it_says_running(basic: HostProcess):
    status = basic.http.get("/admin/host/status").json()

    assert status["state"] == "Running"
    assert basic.http.get("/admin/host/ping").status_code == 200


def test_given_the_master_key_when_functions_are_asked_for_then_each_with_its_address(
    basic: HostProcess,
):
    denied = basic.http.get("/admin/functions", params={"code": keys_of(basic)["function"]})
    listed = basic.http.get("/admin/functions", params={"code": keys_of(basic)["master"]}).json()

    found = {one["name"]: one for one in listed}
    assert denied.status_code == 401
    assert found["text"]["invoke_url_template"] == f"{basic.origin}/api/text"
    assert found["chain"]["config"]["bindings"][0]["type"] == "orchestrationTrigger"


def test_given_the_addresses_of_a_start_when_followed_then_they_work(basic: HostProcess):
    urls = basic.http.post("/api/start/waiting").json()

    unsigned = httpx.get(urls["statusQueryGetUri"].partition("?")[0])
    signed = httpx.get(urls["statusQueryGetUri"])
    httpx.post(urls["terminatePostUri"].replace("{text}", "bye"))

    assert (unsigned.status_code, signed.status_code) == (401, 202)
    assert basic.wait(urls["id"])["output"] == "bye"
