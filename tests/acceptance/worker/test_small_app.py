"""Every durable feature of a small app gives the same on our invoker and on Microsoft's."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.localhost.host_process import APPS, HostProcess, running
from tests.acceptance.worker.conftest import PROGRAMS

pytestmark = pytest.mark.func_host
STACK = re.compile(r'"StackTraceString": ".*?(?<!\\)"')


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, HostProcess]]:
    folders = {name: tmp_path_factory.mktemp(name) / "state.db" for name in PROGRAMS}
    app = APPS / "basic"
    with (
        running(app, folders["ours"], program=PROGRAMS["ours"]) as ours,
        running(app, folders["library"], program=PROGRAMS["library"]) as library,
    ):
        yield {"ours": ours, "library": library}


@pytest.mark.parametrize(
    ("orchestrator", "given"),
    [
        ("chain", {"a": [1, None, "ü"]}),
        ("fan", 20),
        ("parent", None),
        ("retried", None),
        ("failing", None),
        ("catching", None),
        ("counting", [3, []]),
        ("lost", None),
        ("entity_user", None),
        ("boaster", None),
        ("mixed", 4),
    ],
)
def test_given_an_orchestration_when_run_on_both_then_it_ends_alike(
    hosts: dict[str, HostProcess], orchestrator: str, given: Any
):
    ends = [_end(host, orchestrator, given) for host in hosts.values()]

    assert ends[0] == ends[1]


def _end(host: HostProcess, orchestrator: str, given: Any) -> dict[str, Any]:
    payload = host.wait(host.start(orchestrator, given, f"both-{orchestrator}"), seconds=60)
    shown = ("name", "runtimeStatus", "input", "output", "customStatus")
    return {name: _plain(payload[name]) for name in shown}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/echo/7/a/b?q=1&q=2"),
        ("GET", "/api/nothing"),
        ("GET", "/api/silent"),
        ("GET", "/api/text"),
        ("GET", "/api/broken"),
        ("GET", "/api/locked"),
    ],
)
def test_given_a_request_when_sent_to_both_then_they_answer_alike(
    hosts: dict[str, HostProcess], method: str, path: str
):
    answers = [host.http.request(method, path, content=b"body") for host in hosts.values()]

    ours, library = [(a.status_code, a.headers.get("content-type"), a.text) for a in answers]
    assert ours == library


def _plain(value: Any) -> Any:
    return STACK.sub("", value) if isinstance(value, str) else value
