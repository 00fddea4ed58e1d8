"""Settings files of an app folder."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from teams_rollout.localhost.config import (
    ConfigError,
    HostConfig,
    load_settings,
    parse_span,
    read_host_config,
    resolve,
)
from teams_rollout.localhost.versions import VersionFailure, VersionMatch, VersionRules


def write(folder: Path, name: str, content: object) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / name).write_text(text)


def test_given_no_host_json_when_read_then_the_defaults(tmp_path: Path):
    config = read_host_config(tmp_path)

    assert config.route_prefix == "api"
    assert config.queues.max_dequeue_count == 5
    assert config.function_timeout == timedelta(minutes=30)


def test_given_a_host_json_when_read_then_its_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUB", "MyHub")
    durable = {"hubName": "%HUB%", "maxConcurrentActivityFunctions": 3, "defaultVersion": "2"}
    queues = {"batchSize": 10, "visibilityTimeout": "00:00:30", "messageEncoding": "none"}
    extensions = {"durableTask": durable, "queues": queues, "http": {"routePrefix": "/v1/"}}
    write(tmp_path, "host.json", {"extensions": extensions, "functionTimeout": "-1"})

    config = read_host_config(tmp_path)

    assert (config.hub_name, config.max_activities) == ("MyHub", 3)
    assert config.versions == VersionRules("2", VersionMatch.CURRENT_OR_OLDER)
    assert config.route_prefix == "v1"
    assert config.queues.new_batch_threshold == 5
    assert config.queues.visibility_timeout == timedelta(seconds=30)
    assert not config.queues.base64
    assert config.function_timeout is None


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        {"extensions": {"queues": {"batchSize": "many"}}},
        {"extensions": {"queues": {"visibilityTimeout": "soon"}}},
        {"extensions": {"queues": {"messageEncoding": "rot13"}}},
        {"extensions": {"durableTask": {"versionMatchStrategy": "Newest"}}},
        {"extensions": {"durableTask": {"hubName": "%THERE_IS_NO_SUCH_SETTING%"}}},
    ],
)
def test_given_a_bad_host_json_when_read_then_one_sentence(tmp_path: Path, content: object):
    write(tmp_path, "host.json", content)

    with pytest.raises(ConfigError):
        read_host_config(tmp_path)


def test_given_comments_and_last_commas_when_read_then_they_are_passed_over(tmp_path: Path):
    text = """{ // what the host does
      "extensions": {
        /* no
           prefix */
        "http": {"routePrefix": "a//b,]"}, "durableTask": {
          "versionMatchStrategy": "strict", "versionFailureStrategy": "Fail",
          "overridableExistingInstanceStates": "AnyState", "defaultVersion": "1.0",
        },
      },
    }"""
    write(tmp_path, "host.json", text)

    config = read_host_config(tmp_path)

    assert config.route_prefix == "a//b,]"
    assert config.versions == VersionRules("1.0", VersionMatch.STRICT, VersionFailure.FAIL)
    assert config.replaces_running


@pytest.mark.parametrize(
    ("match", "current", "version", "fits"),
    [
        (VersionMatch.CURRENT_OR_OLDER, "2.0", "2.0", True),
        (VersionMatch.CURRENT_OR_OLDER, "2.0", "1.10", True),
        (VersionMatch.CURRENT_OR_OLDER, "1.9", "1.10", False),
        (VersionMatch.CURRENT_OR_OLDER, "2.0", "", True),
        (VersionMatch.CURRENT_OR_OLDER, "beta", "Gamma", False),
        (VersionMatch.CURRENT_OR_OLDER, "", "3.0", True),
        (VersionMatch.STRICT, "2.0", "1.0", False),
        (VersionMatch.NONE, "2.0", "3.0", True),
    ],
)
def test_given_a_version_when_compared_then_it_runs_here_or_not(
    match: VersionMatch, current: str, version: str, fits: bool
):
    assert VersionRules(current, match).fits(version) is fits


def test_given_settings_when_loaded_then_the_environment_is_not_overridden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("NEW_ONE", "FUNCTIONS_WORKER_RUNTIME", "AZURE_FUNCTIONS_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("OLD_ONE", "mine")
    values = {"NEW_ONE": 5, "OLD_ONE": "theirs"}
    write(tmp_path, "local.settings.json", {"IsEncrypted": False, "Values": values})

    load_settings(tmp_path)

    assert (resolve("%NEW_ONE%"), resolve("a-%OLD_ONE%-b")) == ("5", "a-mine-b")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ({"extensions": []}, "extensions"),
        ({"extensions": {"http": "api"}}, "http"),
        ({"extensions": {"durableTask": 1}}, "durableTask"),
    ],
)
def test_given_a_section_that_is_none_when_read_then_it_is_named(
    tmp_path: Path, content: object, name: str
):
    write(tmp_path, "host.json", content)

    with pytest.raises(ConfigError, match=f"{name} is not an object"):
        read_host_config(tmp_path)


def test_given_a_section_that_is_null_when_read_then_its_defaults_hold(tmp_path: Path):
    write(tmp_path, "host.json", {"extensions": {"http": None}})

    assert read_host_config(tmp_path).route_prefix == "api"


@pytest.mark.parametrize("values", [[], {"A": {"nested": 1}}])
def test_given_bad_settings_when_loaded_then_one_sentence(tmp_path: Path, values: object):
    write(tmp_path, "local.settings.json", {"Values": values})

    with pytest.raises(ConfigError):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:05:00", timedelta(minutes=5)),
        ("1.02:03:04.5000000", timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
        ("-00:00:01", timedelta(seconds=-1)),
        (1500, timedelta(seconds=1.5)),
    ],
)
def test_given_a_time_span_when_read_then_its_length(text: str | int, expected: timedelta):
    assert parse_span(text) == expected


def test_given_no_setting_when_a_host_is_configured_then_limits_are_positive():
    assert HostConfig().max_orchestrators > 0
