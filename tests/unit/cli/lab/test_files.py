"""Seeds, ports, records and the refusal of real tenants."""

import gzip
import json
import socket
from pathlib import Path

import pytest

from teams_rollout.cli.addresses import Addresses, api_address, read_addresses
from teams_rollout.cli.errors import CliError
from teams_rollout.cli.lab.ports import choose_port, listens
from teams_rollout.cli.lab.processes import Identity
from teams_rollout.cli.lab.records import (
    LabRecord,
    LabRunningError,
    clean,
    read_record,
    sole_owner,
)
from teams_rollout.cli.lab.safety import refuse_real_tenant
from teams_rollout.cli.lab.seed import check_seed
from tests.unit.cli.conftest import Rollout

SEED = {"tenant": {"id": "1"}, "skus": [], "users": []}
ADDRESSES = Addresses(api="http://127.0.0.1:1", portal="p", tenant="t", storage="s", host="h")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b""),
        ("a.json", b"{"),
        ("a.json", b"[]"),
        ("a.json", b"\xff\xfe{}"),
        ("a.json", b"\x00" * 10),
        ("a.json", b'{"tenant": {}}'),
        ("a.json", b'{"tenant": [], "skus": [], "users": []}'),
        ("a.json", b"[" * 200_000),
        ("a.json.gz", b"not gzip"),
        ("a.json.gz", gzip.compress(b"{}", mtime=0)[:12]),
        ("a.json.gz", gzip.compress(b'{"a": 1}' * 99, mtime=0)[:-20]),
    ],
)
def test_given_no_seed_when_checked_then_one_sentence(tmp_path: Path, name: str, content: bytes):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(CliError) as fault:
        check_seed(path)

    assert str(path) in fault.value.message
    assert "\n" not in fault.value.message


@pytest.mark.parametrize("command", [("lab", "up"), ("lab", "tenant"), ("lab", "up", "--detach")])
def test_given_a_missing_seed_when_started_then_one_sentence_and_nothing_is_started(
    rollout: Rollout, home: Path, command: tuple[str, ...]
):
    ran = rollout(*command, "--seed", "nowhere.json")

    assert ran.code == 1
    assert ran.err.count("\n") == 1
    assert "nowhere.json does not exist" in ran.err
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("name", ["seed.json", "seed.json.gz"])
def test_given_a_seed_when_checked_then_it_passes(tmp_path: Path, name: str):
    raw = json.dumps(SEED).encode()
    (tmp_path / name).write_bytes(gzip.compress(raw, mtime=0) if name.endswith(".gz") else raw)

    check_seed(tmp_path / name)


def test_given_a_taken_port_when_chosen_then_another_free_one():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert listens(port)
        assert choose_port(port) != port


def test_given_a_port_to_avoid_when_chosen_then_another_one():
    free = choose_port(0)

    assert choose_port(free, avoid=(free,)) != free


def test_given_addresses_when_written_then_read_as_they_were(tmp_path: Path):
    ADDRESSES.write(tmp_path)

    assert read_addresses(tmp_path) == ADDRESSES


def test_given_option_variable_and_lab_when_asked_then_in_this_order(home: Path):
    (home / ".rollout").mkdir()
    ADDRESSES.write(home / ".rollout")
    variable = {"ROLLOUT_API": "https://b.example/"}

    assert api_address("https://a.example/api/v1", variable) == "https://a.example"
    assert api_address(None, variable) == "https://b.example"
    assert api_address(None, {}) == "http://127.0.0.1:1"


def test_given_a_lab_when_recorded_then_read_as_it_was(tmp_path: Path):
    record = LabRecord(supervisor=Identity(1, "2"), seed="s", parts={"host": Identity(3, "4")})
    record.write(tmp_path)

    assert read_record(tmp_path) == record


@pytest.mark.parametrize("text", ["", "{", "[]", '{"supervisor": 1}'])
def test_given_a_damaged_record_when_read_then_there_is_none(tmp_path: Path, text: str):
    (tmp_path / "lab.json").write_text(text, encoding="utf-8")

    assert read_record(tmp_path) is None


def test_given_an_owner_when_another_asks_then_it_is_refused(tmp_path: Path):
    with (
        sole_owner(tmp_path),
        pytest.raises(LabRunningError, match="already runs"),
        sole_owner(tmp_path),
    ):
        raise AssertionError("two owners")


def test_given_an_owner_that_ended_when_another_asks_then_it_may(tmp_path: Path):
    with sole_owner(tmp_path):
        pass

    with sole_owner(tmp_path):
        assert (tmp_path / "lab.lock").exists()


def test_given_a_folder_when_cleaned_then_only_what_labs_leave_is_gone(tmp_path: Path):
    for name in ("azurite", "logs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").touch()
    for name in ("host.sqlite", "host.sqlite-wal", "host.sqlite.lock", "demo.json", "mine.txt"):
        (tmp_path / name).touch()

    clean(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("api", "environ"),
    [
        ("https://rollout.example", {}),
        (None, {"ROLLOUT_API": "https://rollout.example"}),
        (None, {"ROLLOUT_ENVIRONMENT": "LIVE"}),
        (None, {"ROLLOUT_GRAPH_BASE_URL": "https://graph.microsoft.com/v1.0"}),
    ],
)
def test_given_a_real_tenant_when_the_lab_is_asked_then_it_refuses(api, environ):
    with pytest.raises(CliError, match="rehearsals"):
        refuse_real_tenant(api, environ)


def test_given_only_loopback_when_the_lab_is_asked_then_it_goes_on():
    refuse_real_tenant("http://127.0.0.1:7071", {"ROLLOUT_GRAPH_BASE_URL": "http://[::1]:1/v1.0"})


def test_given_no_lab_when_taken_down_then_it_says_so(rollout: Rollout):
    ran = rollout("lab", "down")

    assert ran.code == 0
    assert "No lab runs" in ran.out


def test_given_no_lab_when_instances_are_listed_then_how_to_start_one(rollout: Rollout):
    ran = rollout("lab", "host", "ps")

    assert ran.code == 1
    assert "rollout lab up" in ran.err
