"""`notify`: shows, sends, prints; never sends on LIVE without the wave's name."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Rollout
from tests.unit.cli.stub_api import ADA, StubApi

ONE = {
    "kind": "before",
    "date": "2027-03-01",
    "problem": "",
    "mail": 1,
    "list": 2,
    "told": 3,
    "uncertain": 1,
    "left_out": {"guest": 4},
    "sample": {"subject": "REHEARSAL: You are moving", "text": "Hello Ada", "html": "<p>"},
    "people": [
        {
            "upn": ADA["upn"],
            "display_name": "Ada",
            "way": "mail",
            "reason": "",
            "mark": None,
            "at": None,
        }
    ],
}
DONE = ONE | {"kind": "done", "people": [], "problem": "Notices are off."}
PREVIEW = {"wave": "pilot", "environment": "REHEARSAL", "sender": "a@b.example", "kinds": [ONE]}
RESULT = {
    "kind": "before",
    "mailed": 1,
    "listed": 2,
    "told_before": 3,
    "left_out": 4,
    "card": "sent",
}
SEND = "/api/v1/waves/pilot/notices"


def test_given_a_preview_when_shown_then_counts_people_sample_and_nothing_is_sent(
    at_api: Rollout, api: StubApi
):
    api.preview = PREVIEW

    ran = at_api("notify", "pilot", "--kind", "before", "--preview")

    for word in ("REHEARSAL", "guest 4", str(ADA["upn"]), "Hello Ada", "Nothing is sent"):
        assert word in ran.out
    assert api.seen == []
    assert api.asked == [{"kind": "before"}]


def test_given_several_kinds_when_previewed_then_a_line_each_and_what_is_in_the_way(
    at_api: Rollout, api: StubApi
):
    api.preview = PREVIEW | {"kinds": [ONE | {"people": []}, DONE]}

    ran = at_api("notify", "pilot", "--preview")

    assert "done cannot be sent: Notices are off." in ran.out
    assert "before: REHEARSAL: You are moving" in ran.out


def test_given_a_preview_when_asked_as_json_then_it_is_whole(at_api: Rollout, api: StubApi):
    api.preview = PREVIEW

    assert json.loads(at_api("notify", "pilot", "--preview", "-o", "json").out) == PREVIEW


def test_given_a_rehearsal_when_sent_then_what_was_done(at_api: Rollout, api: StubApi):
    api.operation = {"result": RESULT}

    ran = at_api("notify", "pilot", "--kind", "before", "--date", "2027-03-01", "--exit-code")

    assert ran.code == 0
    assert "1 person told by mail, 2 on lists" in ran.out
    assert api.seen == [(SEND, {"kind": "before", "date": "2027-03-01", "card": True})]


def test_given_doubts_when_sent_then_they_are_named_and_ask_for_attention(
    at_api: Rollout, api: StubApi
):
    api.operation = {"result": RESULT | {"uncertain": 1, "refused": 2}}

    ran = at_api("notify", "pilot", "--exit-code")

    assert ran.code == 2
    assert "notice_uncertain" in ran.out
    assert "refused 2 people" in ran.out


def test_given_live_when_another_name_is_typed_then_nothing_is_sent(
    at_api: Rollout, api: StubApi, stdin
):
    api.environment = "LIVE"
    stdin("plot\n")

    ran = at_api("notify", "pilot")

    assert ran.code == 1
    assert api.seen == []


def test_given_live_when_confirmed_for_a_script_then_sent(at_api: Rollout, api: StubApi):
    api.environment = "LIVE"
    api.operation = {"result": RESULT}

    assert at_api("notify", "pilot", "--yes", "--no-card").code == 0
    assert api.seen == [(SEND, {"card": False})]


def test_given_a_file_of_names_when_sent_then_its_first_column_is_asked_for(
    at_api: Rollout, api: StubApi, tmp_path: Path
):
    api.operation = {"result": RESULT}
    report = tmp_path / "report.csv"
    report.write_text("User Principal Name,Last Activity\nada@a.example,\n\n00417,x\n", "utf-8")

    at_api("notify", "pilot", "--kind", "not_signed_in", "--only", str(report))

    assert api.seen[0][1]["only"] == ["ada@a.example", "00417"]


@pytest.mark.parametrize("content", [b"", b"name\n", b"\xff\xfe\x00x"])
def test_given_a_file_without_names_when_sent_then_an_error_and_nothing_sent(
    at_api: Rollout, api: StubApi, tmp_path: Path, content: bytes
):
    file = tmp_path / "names.txt"
    file.write_bytes(content)

    assert at_api("notify", "pilot", "--only", str(file)).code == 1
    assert api.seen == []


def test_given_a_file_when_printed_then_the_page_is_in_it_and_nothing_is_sent(
    at_api: Rollout, api: StubApi, tmp_path: Path
):
    page = tmp_path / "lists.html"

    ran = at_api("notify", "pilot", "--kind", "before", "--print", str(page))

    assert "<p>List</p>" in page.read_text("utf-8")
    assert "delete it" in ran.out
    assert (api.seen, api.asked) == ([], [{"kind": "before"}])


def test_given_an_unknown_kind_when_asked_then_usage(at_api: Rollout):
    assert at_api("notify", "pilot", "--kind", "never").code == 64
