"""`rollout lab host`: over a real socket, with hosts that behave and hosts that do not."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from teams_rollout.cli.addresses import STATE_DIR, Addresses
from teams_rollout.cli.errors import CliError
from teams_rollout.cli.lab.host_api import CONTINUATION, HostApi, read_keys
from tests.unit.cli.conftest import Rollout

Page = tuple[list[str], str]
"""Instance ids, and the token of the next page."""
KEYS = {"durable": "d", "master": "m", "function": "f"}


class StubHost(ThreadingHTTPServer):
    """Answers lists of instances with the pages it is given, and notes every request."""

    daemon_threads = True

    def __init__(self, pages: Callable[[str], Page]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages = pages
        self.asked: list[tuple[str, str, dict[str, list[str]]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: StubHost

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.server.asked.append((self.command, unquote(parts.path), parse_qs(parts.query)))
        if not parts.path.endswith("/instances"):
            self._answer(*_one(unquote(parts.path).rpartition("/")[2]))
        elif self.command == "DELETE":
            self._answer(200, {"instancesDeleted": 2})
        else:
            ids, token = self.server.pages(self.headers.get(CONTINUATION, ""))
            self._answer(200, [{"instanceId": one} for one in ids], token)

    do_DELETE = do_POST = do_GET

    def _answer(self, status: int, content: Any, token: str = "") -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header(CONTINUATION, token)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _one(instance_id: str) -> tuple[int, Any]:
    if instance_id in {"nobody", "terminate"}:
        return (404, {}) if instance_id == "nobody" else (202, {})
    event = {"EventType": "TaskCompleted", "Timestamp": "2026-01-01T00:00:00.000000Z"}
    shown = {"instanceId": instance_id, "runtimeStatus": "Failed", "output": "no luck"}
    return 200, shown | {"historyEvents": [event | {"FunctionName": "greet", "Result": "[hi]"}]}


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[str], Page]], StubHost]]:
    servers: list[StubHost] = []

    def start(pages: Callable[[str], Page]) -> StubHost:
        server = StubHost(pages)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def listed(server: StubHost, limit: int = 1000) -> list[str]:
    rows = HostApi(server.url, KEYS).instances()
    return [row["instanceId"] for row, _ in zip(rows, range(limit), strict=False)]


def test_given_pages_when_listed_then_every_instance_once(serve):
    pages = {"": (["a", "b"], "1"), "1": ([], "2"), "2": (["c"], "")}

    assert listed(serve(pages.__getitem__)) == ["a", "b", "c"]


def test_given_a_host_that_never_ends_its_list_when_listed_then_it_ends(serve):
    """An instance that continues as new all the time once moved ahead of every page."""
    tokens = count(1)
    server = serve(lambda _: (["restless", "other"], str(next(tokens))))

    assert listed(server) == ["restless", "other"]
    assert len(server.asked) == 2


def test_given_a_host_that_repeats_its_token_when_listed_then_it_ends(serve):
    pages = count()

    assert listed(serve(lambda _: ([f"n{next(pages)}"], "same"))) == ["n0", "n1"]


@pytest.fixture
def lab(serve, rollout: Rollout, home: Path) -> Callable[..., Any]:
    """The command beside a lab whose host is a stub."""
    server = serve(lambda _: (["r:pilot:wave:1"], ""))
    (home / STATE_DIR).mkdir()
    (home / STATE_DIR / "host.sqlite.keys.json").write_text(json.dumps(KEYS))
    Addresses(*[server.url] * 5).write(home / STATE_DIR)

    def run(*words: str) -> Any:
        return server.asked, rollout("lab", "host", *words)

    return run


def test_given_states_when_listed_then_the_host_is_asked_for_them_with_its_key(lab):
    asked, ran = lab("ps", "--state", "Running", "--state", "Failed")

    (_, _, query) = asked[0]
    assert "r:pilot:wave:1" in ran.out
    assert (query["runtimeStatus"], query["code"]) == (["Running,Failed"], ["d"])


def test_given_an_instance_when_shown_then_its_output_and_history(lab):
    asked, ran = lab("show", "r:1")

    assert asked[0][1].endswith("/instances/r:1")
    assert "no luck" in ran.out
    assert "greet" in ran.out
    assert "[hi]" in ran.out


def test_given_an_instance_when_terminated_then_the_host_is_told_why(lab):
    asked, ran = lab("terminate", "r:1", "--reason", "a test")

    assert ran.code == 0
    assert asked == [("POST", asked[0][1], {"reason": ["a test"], "code": ["d"]})]
    assert asked[0][1].endswith("/instances/r:1/terminate")


def test_given_purge_when_asked_then_one_or_all_finished_but_never_both(lab):
    _, one = lab("purge", "r:1")
    asked, finished = lab("purge", "--finished")
    wrong = [lab("purge")[1].code, lab("purge", "r:1", "--finished")[1].code]

    assert "Instance r:1 is gone." in one.out
    assert "2 finished instances" in finished.out
    assert [method for method, _, _ in asked] == ["DELETE", "DELETE"]
    assert "createdTimeFrom" in asked[1][2]
    assert wrong == [64, 64]


def test_given_nobody_of_that_id_when_shown_then_one_sentence(lab):
    _, ran = lab("show", "nobody")

    assert ran.code == 1
    assert "There is no instance nobody." in ran.err


def test_given_no_lab_when_asked_then_how_to_start_one(rollout: Rollout):
    ran = rollout("lab", "host", "ps")

    assert ran.code == 1
    assert "rollout lab up" in ran.err


def test_given_no_keys_when_read_then_none(tmp_path: Path):
    assert read_keys(tmp_path) == {}


def test_given_nobody_listening_when_asked_then_where_to_look():
    with pytest.raises(CliError, match="cannot be reached"):
        HostApi("http://127.0.0.1:9", KEYS).functions()
