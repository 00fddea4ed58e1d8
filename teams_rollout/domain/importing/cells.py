"""Checks of single cells: the trimmed text in, the value out, or `BadCell`. Room: domain, pure.

An empty text is "no value" everywhere; whether one is needed is the row's business.
Formats are those of the file contract; sources are named where Microsoft sets the bound.
"""

import re
from datetime import date

from teams_rollout.domain.importing.faults import BadCell, FaultCode
from teams_rollout.domain.vocabulary import CoexistenceMode, Priority

_LOCAL_PART = r"[A-Za-z0-9!#'\-._^~]{1,64}"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_UPN = re.compile(rf"{_LOCAL_PART}@(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})+")
_MAIL = re.compile(
    r"[^\s@\x00-\x20\"(),:;<>\[\]\\=]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+"
)
_EMPLOYEE_ID = re.compile(r"[^\s=+@\-\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,63}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WAVE = re.compile(r"[A-Za-z0-9 _-]{1,40}")
_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_NICKNAME = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CHANNEL_LIMIT = 50  # https://learn.microsoft.com/graph/api/resources/channel
_DISPLAY_NAME_LIMIT = 256  # https://learn.microsoft.com/graph/api/resources/group

_MODES = {mode.value.lower(): mode for mode in CoexistenceMode}
_PRIORITIES = {priority.value: priority for priority in Priority}
_VISIBILITIES = {name.lower(): name for name in ("Private", "Public", "HiddenMembership")}
_LONGEST_MANAGER = 120


def quoted(text: str, *, limit: int = 60) -> str:
    """A value as a sentence shows it: in quotation marks, one line, not longer than `limit`."""
    plain = _CONTROL.sub(" ", text)
    return f"“{plain if len(plain) <= limit else plain[: limit - 1] + '…'}”"


def parse_upn(text: str) -> str:
    """A sign-in name, case-folded; letters are those of ASCII, as Entra ID has it."""
    if text and not _UPN.fullmatch(text):
        raise BadCell(FaultCode.INVALID_UPN, f"{quoted(text)} {_upn_trouble(text)}")
    return text.casefold()


def _upn_trouble(text: str) -> str:
    if text[0] in "=+@":
        return "looks like a spreadsheet formula and not like a sign-in name; type the UPN itself."
    local, at, _ = text.partition("@")
    if not at:
        return "has no @, so it is no sign-in name; give it as name@domain."
    if len(local) > 64:
        return (
            f"has {len(local)} characters before the @ where at most 64 are allowed; "
            "copy the UPN again from Entra ID."
        )
    return (
        "is no sign-in name, because only letters, digits and !#'-._^~ may stand before the @ and "
        "a domain must follow it; correct it."
    )


def parse_mail(text: str) -> str:
    """A mail address, case-folded."""
    if text and not _MAIL.fullmatch(text):
        raise BadCell(
            FaultCode.INVALID_MAIL, f"{quoted(text)} is no mail address; give it as name@domain."
        )
    return text.casefold()


def parse_employee_id(text: str) -> str:
    """A personnel number as the tenant writes it, leading zeros included."""
    if text and not _EMPLOYEE_ID.fullmatch(text):
        raise BadCell(
            FaultCode.INVALID_EMPLOYEE_ID,
            f"{quoted(text)} is no employee id, because it is longer than 64 characters or begins "
            "like a spreadsheet formula; give it as Entra ID shows it.",
        )
    return text


def parse_manager(text: str) -> str:
    """Who tells the person in person: a name or an address, as it shall head a printed list."""
    if len(text) > _LONGEST_MANAGER or not text.isprintable() or text.startswith(("=", "+", "@")):
        raise BadCell(
            FaultCode.INVALID_VALUE,
            f"{quoted(text)} cannot head a list, because it is longer than {_LONGEST_MANAGER} "
            "characters or begins like a spreadsheet formula; give a name or an address.",
        )
    return text


def parse_wave_name(text: str) -> str:
    """A wave's name; it must not be empty."""
    if not text:
        raise BadCell(
            FaultCode.MISSING_VALUE, "The wave is missing, so nobody knows when; name a wave."
        )
    if not _WAVE.fullmatch(text):
        raise BadCell(
            FaultCode.INVALID_WAVE,
            f"{quoted(text)} cannot name a wave, because only up to 40 letters, digits, blanks, _ "
            "and - can; choose another name.",
        )
    return text


def parse_priority(text: str) -> Priority:
    """A place in the wave's order; empty is normal."""
    priority = _PRIORITIES.get(text.lower())
    if priority is None:
        raise BadCell(
            FaultCode.INVALID_PRIORITY,
            f"{quoted(text)} is no priority; write key, volunteer or vip, or leave it empty.",
        )
    return priority


def parse_phone_number(text: str) -> str:
    """An E.164 number with its leading plus."""
    if text and not _E164.fullmatch(text):
        raise BadCell(
            FaultCode.INVALID_PHONE_NUMBER,
            f"{quoted(text)} is no international number; write it as + and country code with "
            "digits only, for example +442079460000.",
        )
    return text


def parse_date(text: str) -> date | None:
    """An ISO date, or None."""
    if not text:
        return None
    try:
        if _ISO_DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # right shape, but no such day: told below like any other wrong date
    raise BadCell(
        FaultCode.INVALID_DATE,
        f"{quoted(text)} is no date as it must be written; write year-month-day, for example "
        "2026-12-31.",
    )


def parse_mode(text: str) -> CoexistenceMode | None:
    """A coexistence mode, or None for the profile's."""
    if not text:
        return None
    mode = _MODES.get(text.lower())
    if mode is None:
        raise BadCell(
            FaultCode.UNKNOWN_COEXISTENCE_MODE,
            f"{quoted(text)} is no coexistence mode; write one of "
            f"{', '.join(m.value for m in CoexistenceMode)}, or leave it empty for the profile's.",
        )
    return mode


def parse_list(text: str) -> tuple[str, ...]:
    """The entries of a semicolon list, trimmed, each once, in their order."""
    entries = (entry.strip() for entry in text.split(";"))
    return tuple(dict.fromkeys(entry for entry in entries if entry))


def parse_visibility(text: str) -> str:
    """A team's visibility; empty is Private."""
    visibility = _VISIBILITIES.get(text.lower() or "private")
    if visibility is None:
        raise BadCell(
            FaultCode.INVALID_VISIBILITY,
            f"{quoted(text)} is no visibility; write Private, Public or HiddenMembership, or leave "
            "it empty for Private.",
        )
    return visibility


def parse_mail_nickname(text: str) -> str:
    """The part of a group's address before the @.

    Source: https://learn.microsoft.com/graph/api/resources/group
    """
    dotted = text.startswith(".") or text.endswith(".") or ".." in text
    if text and (dotted or not _NICKNAME.fullmatch(text)):
        raise BadCell(
            FaultCode.INVALID_MAIL_NICKNAME,
            f"{quoted(text)} cannot be a mail nickname, because it may have up to 64 letters, "
            "digits and signs, but no blank, accent, @ or dot at an end; choose another.",
        )
    return text


def parse_team_id(text: str) -> str:
    """An object id, in lower case."""
    if text and not _GUID.fullmatch(text):
        raise BadCell(
            FaultCode.INVALID_TEAM_ID,
            f"{quoted(text)} is no team id; copy the group's object id from Entra ID.",
        )
    return text.lower()


def parse_team_name(text: str) -> str:
    """A team's key or display name."""
    if len(text) > _DISPLAY_NAME_LIMIT or ";" in text or _CONTROL.search(text):
        raise BadCell(
            FaultCode.INVALID_TEAM,
            f"{quoted(text)} cannot name a team, because a name is one line of up to "
            f"{_DISPLAY_NAME_LIMIT} characters without semicolons; shorten or correct it.",
        )
    return text


def parse_channels(text: str) -> tuple[str, ...]:
    """Channel names of a semicolon list."""
    channels = parse_list(text)
    bad = next((c for c in channels if len(c) > _CHANNEL_LIMIT or _CONTROL.search(c)), None)
    if bad is not None:
        raise BadCell(
            FaultCode.INVALID_CHANNEL,
            f"{quoted(bad)} cannot name a channel, because a name is one line of up to "
            f"{_CHANNEL_LIMIT} characters; shorten it.",
        )
    return channels


def parse_upns(text: str) -> tuple[str, ...]:
    """Sign-in names of a semicolon list, case-folded, each once."""
    return tuple(dict.fromkeys(parse_upn(entry) for entry in parse_list(text)))
