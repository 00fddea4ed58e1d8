"""`rollout.toml` to a `RolloutConfig`, or all its faults with key path and line.

Room: domain, pure.
"""

import re
import tomllib
from collections.abc import Iterator
from typing import Any, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from teams_rollout.domain.configuration import ProfileSection, RolloutConfig
from teams_rollout.domain.importing.cells import parse_upn
from teams_rollout.domain.importing.faults import BadCell, FaultCode, FaultLog
from teams_rollout.domain.importing.toml_lines import Path, TomlLines
from teams_rollout.domain.vocabulary import UPGRADE_POLICY_TYPE

_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def read_rollout(text: str, *, lines: TomlLines, log: FaultLog) -> RolloutConfig | None:
    """The settings with names normalised, or None with every fault in the log."""
    document = _parse(text, log)
    if document is None:
        return None
    try:
        config = RolloutConfig.model_validate(document)
    except ValidationError as exc:
        for error in exc.errors(include_url=False, include_context=False, include_input=False):
            _log_error(error, lines=lines, log=log)
        return None
    for path, bad in _inconsistencies(config):
        log.add_cell(bad, line=lines.line_of(path), column=".".join(path))
    return None if log.has_errors else _normalised(config)


def _parse(text: str, log: FaultLog) -> dict[str, Any] | None:
    if not text.strip():
        log.add(
            FaultCode.EMPTY_FILE,
            f"{log.file} is empty; it needs at least a [rollout] name and one [profiles.NAME].",
            line=1,
        )
        return None
    try:
        return tomllib.loads(text)
    except RecursionError:
        log.add(
            FaultCode.MALFORMED_TOML,
            f"{log.file} nests its brackets too deeply to be a rollout's settings; correct it.",
            line=1,
        )
    except ValueError as exc:  # TOMLDecodeError, or a number too long to be one
        place = _AT_LINE.search(str(exc))
        line = int(place[1]) if place else text.count("\n") + 1
        reason = _AT_LINE.sub("", str(exc)).removesuffix("(at end of document)").strip()
        log.add(
            FaultCode.MALFORMED_TOML,
            f"{log.file} is not valid TOML: line {line}: {reason}; correct that line.",
            line=line,
        )
    return None


def _log_error(error: ErrorDetails, *, lines: TomlLines, log: FaultLog) -> None:
    path = tuple(str(part) for part in error["loc"])
    column = ".".join(path)
    match error["type"]:
        case "extra_forbidden":
            code = FaultCode.UNKNOWN_KEY
            message = (
                f"The key {column} is not known, so it would do nothing; correct it (known here: "
                f"{', '.join(_keys_beside(path))}) or remove it."
            )
        case "missing":
            code = FaultCode.MISSING_VALUE
            message = f"The key {column} is missing, and nothing can stand in for it; add it."
        case _:
            code = FaultCode.INVALID_VALUE
            message = f"The value of {column} cannot be used ({error['msg']}); correct it."
    log.add(code, message, line=lines.line_of(path), column=column)


def _keys_beside(path: Path) -> tuple[str, ...]:
    """The keys that the table around `path` may have."""
    model: type[BaseModel] = RolloutConfig
    for part in path[:-1]:
        field = model.model_fields.get(part)
        if field is None:
            continue  # the NAME of a wave or profile
        kinds = (field.annotation, *get_args(field.annotation))
        model = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), model)
    return tuple(model.model_fields)


def _inconsistencies(config: RolloutConfig) -> Iterator[tuple[Path, BadCell]]:
    """What the model alone cannot know: names that must exist and values that contradict."""
    if not _is_timezone(config.rollout.timezone):
        yield (
            ("rollout", "timezone"),
            BadCell(
                FaultCode.INVALID_TIMEZONE,
                f"{config.rollout.timezone!r:.60} is no time zone; write it as Europe/London.",
            ),
        )
    for owner in config.teams.fallback_owners:
        try:
            parse_upn(owner.strip())
        except BadCell as bad:
            yield ("teams", "fallback_owners"), bad
    for name, profile in config.profiles.items():
        yield from _profile_inconsistencies(name, profile)


def _profile_inconsistencies(name: str, profile: ProfileSection) -> Iterator[tuple[Path, BadCell]]:
    path = ("profiles", name)
    yield from _licensing_inconsistencies(path, profile)
    if both := set(profile.skus) & set(profile.replaces):
        yield (
            (*path, "replaces"),
            BadCell(
                FaultCode.INVALID_VALUE,
                f"The profile both gives and replaces {', '.join(sorted(both))}, so it would take "
                "away what it gives; remove it from one of the lists.",
            ),
        )
    if UPGRADE_POLICY_TYPE in profile.policies:
        yield (
            (*path, "policies", UPGRADE_POLICY_TYPE),
            BadCell(
                FaultCode.INVALID_VALUE,
                f"{UPGRADE_POLICY_TYPE} is set by the mode of the profile; write coexistence_mode "
                "instead and remove it from the policies.",
            ),
        )


def _licensing_inconsistencies(
    path: Path, profile: ProfileSection
) -> Iterator[tuple[Path, BadCell]]:
    has_group = bool((profile.license_group or "").strip())
    if profile.licensing == "group" and not has_group:
        yield (
            (*path, "licensing"),
            BadCell(
                FaultCode.MISSING_VALUE,
                "The profile is licensed through a group and does not say which; add "
                "license_group with the group's name or object id.",
            ),
        )
    if profile.licensing == "direct" and has_group:
        yield (
            (*path, "license_group"),
            BadCell(
                FaultCode.INVALID_VALUE,
                "A license_group does nothing with licensing = “direct”; write licensing = "
                "“group”, or remove the group.",
            ),
        )
    if profile.licensing == "group" and profile.disabled_plans:
        yield (
            (*path, "disabled_plans"),
            BadCell(
                FaultCode.INVALID_VALUE,
                "With licensing = “group” the group decides which plans are off; switch them off "
                "in the group's licences and remove disabled_plans.",
            ),
        )


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, no name at all, or a folder of names
        return False
    return True


def _normalised(config: RolloutConfig) -> RolloutConfig:
    owners = tuple(parse_upn(owner.strip()) for owner in config.teams.fallback_owners)
    teams = config.teams.model_copy(update={"fallback_owners": tuple(dict.fromkeys(owners))})
    return config.model_copy(update={"teams": teams})
