"""Reads an app folder's `host.json` and `local.settings.json` (localhost).

Settings come from `Values` of `local.settings.json` and never replace what the environment already
holds. `%NAME%` in `host.json` and in bindings stands for a setting.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from teams_rollout.localhost.versions import VersionFailure, VersionMatch, VersionRules

DEFAULT_HUB: Final = "TestHubName"
DEFAULT_TIMEOUT: Final = timedelta(minutes=30)
CALLS_PER_PROCESSOR: Final = 10
_SETTING: Final = re.compile(r"%([^%]+)%")
_TEXT: Final = r'(?P<text>"(?:\\.|[^"\\])*")'
_COMMENT: Final = re.compile(_TEXT + r"|//[^\n]*|/\*.*?\*/", re.DOTALL)
_LAST_COMMA: Final = re.compile(_TEXT + r"|,(?=\s*[}\]])")
_SPAN: Final = re.compile(
    r"(?P<sign>-)?(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{2}):(?P<seconds>\d{2})"
    r"(?:\.(?P<fraction>\d{1,7}))?"
)


class ConfigError(Exception):
    """A settings file cannot be used; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """How queue triggers poll and retry, with the defaults of the Storage extension 5.x."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    visibility_timeout: timedelta = timedelta(0)
    max_dequeue_count: int = 5
    max_polling_interval: timedelta = timedelta(minutes=1)
    base64: bool = True


@dataclass(frozen=True, slots=True)
class HostConfig:
    """What the host needs from `host.json`.

    Attributes:
        versions: which versions of orchestrations run here.
        replaces_running: a start under the id of a running instance replaces it.
        function_timeout: None for no limit.
    """

    route_prefix: str = "api"
    hub_name: str = DEFAULT_HUB
    versions: VersionRules = field(default_factory=VersionRules)
    replaces_running: bool = False
    max_activities: int = CALLS_PER_PROCESSOR
    max_orchestrators: int = CALLS_PER_PROCESSOR
    function_timeout: timedelta | None = DEFAULT_TIMEOUT
    queues: QueueOptions = QueueOptions()


def load_settings(app_folder: Path) -> None:
    """Put the values of `local.settings.json`, if there is one, into the environment.

    Raises:
        ConfigError: the file is not JSON or a value is not a plain value.
    """
    values = _read_json(app_folder / "local.settings.json").get("Values", {})
    if not isinstance(values, Mapping):
        raise ConfigError(f"`Values` in {app_folder / 'local.settings.json'} is not an object.")
    for name, value in values.items():
        if not isinstance(value, str | int | float | bool):
            raise ConfigError(f"The setting {name} in local.settings.json is not a plain value.")
        os.environ.setdefault(name, str(value))
    os.environ.setdefault("FUNCTIONS_WORKER_RUNTIME", "python")
    os.environ.setdefault("AZURE_FUNCTIONS_ENVIRONMENT", "Development")


def read_host_config(app_folder: Path) -> HostConfig:
    """Read `host.json`; a missing file gives the defaults.

    Raises:
        ConfigError: the file is not JSON, or a value is not of its kind.
    """
    path = app_folder / "host.json"
    content = _read_json(path)
    try:
        return _host_config(content)
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{path} has a value that the host cannot use ({error}).") from error


def resolve(text: str) -> str:
    """Replace every `%NAME%` by the setting of that name.

    Raises:
        ConfigError: there is no such setting.
    """

    def value_of(match: re.Match[str]) -> str:
        value = os.environ.get(match[1])
        if value is None:
            raise ConfigError(f"'%{match[1]}%' stands for a setting that does not exist.")
        return value

    return _SETTING.sub(value_of, text)


def parse_span(value: str | int | float) -> timedelta:
    """Read a .NET time span (`[d.]hh:mm:ss[.fffffff]`), or a number of milliseconds.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, int | float):
        return timedelta(milliseconds=value)
    match = _SPAN.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"'{value}' is not a time span like 00:05:00")
    span = timedelta(
        days=int(match["days"] or 0),
        hours=int(match["hours"]),
        minutes=int(match["minutes"]),
        seconds=int(match["seconds"]),
        microseconds=int((match["fraction"] or "0").ljust(7, "0")) // 10,
    )
    return -span if match["sign"] else span


def _host_config(content: Mapping[str, Any]) -> HostConfig:
    extensions = _section(content, "extensions")
    durable = _section(extensions, "durableTask")
    timeout = str(content.get("functionTimeout", "00:30:00"))
    limit = CALLS_PER_PROCESSOR * (os.cpu_count() or 1)
    return HostConfig(
        route_prefix=(_section(extensions, "http").get("routePrefix", "api") or "").strip("/"),
        hub_name=resolve(durable.get("hubName", DEFAULT_HUB)),
        versions=_version_rules(durable),
        replaces_running=_choice(
            durable, "overridableExistingInstanceStates", ("NonRunningStates", "AnyState")
        )
        == "AnyState",
        max_activities=int(durable.get("maxConcurrentActivityFunctions") or limit),
        max_orchestrators=int(durable.get("maxConcurrentOrchestratorFunctions") or limit),
        function_timeout=None if timeout.startswith("-") else parse_span(timeout),
        queues=_queue_options(_section(extensions, "queues")),
    )


def _section(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = content.get(name)
    if not isinstance(found, Mapping | None):
        raise ValueError(f"{name} is not an object")
    return found or {}


def _version_rules(durable: Mapping[str, Any]) -> VersionRules:
    matches, failures = tuple(reversed(VersionMatch)), tuple(VersionFailure)
    return VersionRules(
        current=str(durable.get("defaultVersion") or ""),
        match=VersionMatch(_choice(durable, "versionMatchStrategy", matches)),
        failure=VersionFailure(_choice(durable, "versionFailureStrategy", failures)),
    )


def _choice(content: Mapping[str, Any], name: str, allowed: Sequence[str]) -> str:
    """Return a setting with one of a few values, spelled in any case; the first is the default."""
    given = str(content.get(name) or allowed[0])
    for one in allowed:
        if one.casefold() == given.casefold():
            return one
    raise ValueError(f"{name} is '{given}', not {' or '.join(allowed)}")


def _queue_options(content: Mapping[str, Any]) -> QueueOptions:
    batch_size = int(content.get("batchSize", 16))
    encoding = str(content.get("messageEncoding", "base64")).casefold()
    if encoding not in {"base64", "none"}:
        raise ValueError(f"messageEncoding is '{encoding}', not base64 or none")
    return QueueOptions(
        batch_size=batch_size,
        new_batch_threshold=int(content.get("newBatchThreshold", batch_size // 2)),
        visibility_timeout=parse_span(content.get("visibilityTimeout", "00:00:00")),
        max_dequeue_count=int(content.get("maxDequeueCount", 5)),
        max_polling_interval=parse_span(content.get("maxPollingInterval", "00:01:00")),
        base64=encoding == "base64",
    )


def _without_comments(text: str) -> str:
    """Drop comments and commas before a closing bracket, which Azure's parser forgives too."""
    bare = _COMMENT.sub(lambda match: match["text"] or " ", text)
    return _LAST_COMMA.sub(lambda match: match["text"] or "", bare)


def _read_json(path: Path) -> Mapping[str, Any]:
    if not path.exists():
        return {}
    try:
        content = json.loads(_without_comments(path.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is not readable JSON ({error}).") from error
    if not isinstance(content, Mapping):
        raise ConfigError(f"{path} does not hold a JSON object.")
    return content
