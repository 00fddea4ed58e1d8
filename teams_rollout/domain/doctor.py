"""The doctor's judgement: from what was found to checks that say what is wrong, and a cure. Pure.

Two parts look: the app (settings, storage) and the tenant (`domain.doctor_tenant`). Every check is
one sentence of what is and, if somebody has to act, one of what to do. No check holds the value
of a setting or a person.
"""

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.vocabulary import Environment

MAX_SKEW = timedelta(seconds=60)
"""Schedules, holds and deadlines are compared with our clock; sign-in fails from five minutes."""

_TIERS = ((50, "S", 3_500), (501, "M", 5_000), (sys.maxsize, "L", 8_000))
_FRONT_DOOR = "front_door"
_REFUSED, _FIRST_ERROR, _NOTHING_THERE = 401, 400, 404


class Check(BaseModel):
    """One thing that was looked at.

    Attributes:
        ok: nobody has to act; `do` may still hold advice.
    """

    model_config = ConfigDict(frozen=True)

    check: str
    ok: bool
    detail: str
    do: str = ""


def check_settings(wrong: Sequence[str] = ()) -> Check:
    """Whether the app's settings could be read.

    Args:
        wrong: names of settings, never values.
    """
    if not wrong:
        return Check(check="settings", ok=True, detail="The app's settings are complete.")
    return Check(
        check="settings",
        ok=False,
        detail=f"Missing or not valid, so that the app cannot work: {', '.join(wrong)}.",
        do="Correct these settings of the function app and restart it.",
    )


def check_environment(environment: Environment, *, is_simulated: bool) -> Check:
    """Whether what the screens say fits the tenant that Graph leads to.

    REHEARSAL with a real tenant never gets here: the settings refuse it.
    """
    name = "environment"
    if environment is Environment.LIVE and is_simulated:
        return Check(
            check=name,
            ok=False,
            detail="The app says LIVE, but ROLLOUT_GRAPH_BASE_URL leads to a simulator.",
            do="Set ROLLOUT_ENVIRONMENT to REHEARSAL, or the address to Microsoft Graph.",
        )
    where = "a simulator" if is_simulated else "a real tenant"
    return Check(check=name, ok=True, detail=f"{environment.value}: Graph is {where}.")


def check_no_front_door(environment: Environment) -> Check:
    """The app knows no address of its own that others could reach."""
    if environment is Environment.REHEARSAL:
        detail = "The app serves this machine only, where nobody signs in."
        return Check(check=_FRONT_DOOR, ok=True, detail=detail)
    return Check(
        check=_FRONT_DOOR,
        ok=False,
        detail="The app does not know its own address (WEBSITE_HOSTNAME), so nobody has tried "
        "whether a call without a sign-in is refused.",
        do="Ask for https://ADDRESS/api/v1/waves without a sign-in: anything but 401 means that "
        "the app must be taken off the network.",
    )


def check_front_door(host: str, *, stranger: int, forger: int) -> Check:
    """Whether sign-in stands in front of the deployed app.

    Args:
        stranger: HTTP status for a call without a sign-in; must be 401.
        forger: the same for a call that claims one in a header; must be 401 too.
    """
    if stranger == forger == _REFUSED:
        return Check(
            check=_FRONT_DOOR,
            ok=True,
            detail=f"https://{host} refuses calls without a sign-in, forged ones too.",
        )
    if stranger == _REFUSED and _let_in(forger):
        return Check(
            check=_FRONT_DOOR,
            ok=False,
            detail=f"https://{host} believes a forged sign-in, so anybody can act as anybody.",
            do="Take the app off the network now (az functionapp stop), then see why App Service "
            "authentication does not stand in front of it.",
        )
    if _let_in(stranger):
        return Check(
            check=_FRONT_DOOR,
            ok=False,
            detail=f"https://{host} answers a call without a sign-in with {stranger} instead "
            "of 401.",
            do="Take the app off the network now (az functionapp stop), then switch App Service "
            "authentication on: requireAuthentication, as infra/app/function-app.bicep has it.",
        )
    return Check(
        check=_FRONT_DOOR,
        ok=False,
        detail=f"https://{host} answers a call without a sign-in with {stranger} and a forged one "
        f"with {forger} instead of 401, so it is not known whether sign-in is required.",
        do="Ask for its /api/v1/waves without a sign-in from where people use it; it must say 401.",
    )


def _let_in(status: int) -> bool:
    """Whether the app itself answered; 404 is its word for a deployment without a rollout."""
    return status < _FIRST_ERROR or status == _NOTHING_THERE


def check_silent_door(host: str) -> Check:
    """The app could not reach itself by its public address."""
    return Check(
        check=_FRONT_DOOR,
        ok=False,
        detail=f"https://{host} could not be reached from the app itself, so nobody has tried "
        "whether a call without a sign-in is refused.",
        do="Ask for its /api/v1/waves without a sign-in from where people use it; it must say 401.",
    )


def check_storage(*, trouble: str = "", missing: Sequence[str] = ()) -> Check:
    """Whether the ledger's account answers and holds its tables and queues.

    Args:
        trouble: why it could not be looked at, as the adapter says it: a sentence, then the cure.
        missing: tables and queues that could not even be made.
    """
    name = "storage"
    if trouble:
        sentence, _, cure = trouble.partition(". ")
        return Check(
            check=name,
            ok=False,
            detail=f"{sentence.rstrip('.')}.",
            do=cure or "Make the storage reachable (on a laptop: rollout lab up), then ask again.",
        )
    if missing:
        return Check(
            check=name,
            ok=False,
            detail=f"These tables or queues of the ledger are missing: {', '.join(missing)}.",
            do="Give the app's identity the roles Storage Table Data Contributor and Storage "
            "Queue Data Contributor on the account; it then makes them itself.",
        )
    return Check(check=name, ok=True, detail="Reachable, with all tables and queues.")


def check_durability(environment: Environment, *, is_emulator: bool) -> Check:
    """Whether the storage keeps what it has confirmed; an emulator may not."""
    if not is_emulator:
        return Check(
            check="storage_durability", ok=True, detail="A storage account, which loses nothing."
        )
    return Check(
        check="storage_durability",
        ok=environment is Environment.REHEARSAL,
        detail="The storage is Azurite, which loses seconds of confirmed writes when it is killed "
        "(kill -9, power cut).",
        do="Stop it politely (rollout lab down) and never use it for a real tenant.",
    )


def check_clock(name: str, *, theirs: datetime | None, ours: datetime, whose: str) -> Check:
    """Whether our clock agrees with the one in an answer's Date header (whole seconds).

    Args:
        ours: our time at the moment of the answer.
        whose: whose answer it was, for the sentence.
    """
    if theirs is None:
        return Check(check=name, ok=True, detail=f"The answer of {whose} held no time to compare.")
    skew = ours - theirs
    seconds = round(skew.total_seconds())
    if abs(skew) <= MAX_SKEW:
        return Check(check=name, ok=True, detail=f"Our clock and {whose}'s agree ({seconds:+d} s).")
    side = "ahead of" if seconds > 0 else "behind"
    return Check(
        check=name,
        ok=False,
        detail=f"Our clock is {abs(seconds):,} s {side} {whose}'s, so that sign-in, holds and "
        "start times go wrong.",
        do="Switch on time synchronisation (NTP) on the machine that runs the app.",
    )


def check_time_scale(scale: float) -> Check:
    """How fast Microsoft's delays are taken to pass; only a simulator allows more than 1."""
    if scale == 1:
        return Check(check="time_scale", ok=True, detail="Time passes as it does (1).")
    return Check(
        check="time_scale",
        ok=True,
        detail=f"Waits for Microsoft are divided by {scale:g}; quotas and schedules are real.",
        do="Start the simulator with the same --clock-speed, or verification gives up too early.",
    )


def check_quota(model: str, *, share: float) -> Check:
    """Which reading of Microsoft's write quota is in force; advice, never a fault."""
    percent = f"{share:.0%} of Microsoft's write quota"
    if model == "bucket":
        return Check(
            check="quota_model",
            ok=True,
            detail=f"The app uses {percent}, counted as a bucket.",
            do="If waves are throttled, set ROLLOUT_QUOTA_MODEL back to window.",
        )
    return Check(
        check="quota_model",
        ok=True,
        detail=f"The app uses {percent} in any 150 s (window), which is safe whichever way "
        "Microsoft counts.",
        do="After a measured wave without throttling, ROLLOUT_QUOTA_MODEL=bucket may be tried.",
    )


def check_quota_tier(people: int, *, kept: int) -> Check:
    """How much Microsoft lets a tenant of this size read, against what the app keeps to.

    Args:
        people: enabled members of the tenant.
        kept: resource units in ten seconds that the app never exceeds.

    Source: learn.microsoft.com/graph/throttling-limits, identity and access.
    """
    tier, units = next((t, u) for below, t, u in _TIERS if people < below)
    figures = f"A tenant of {people:,} people has size {tier}: {units:,} resource units in 10 s"
    if units >= kept:
        detail = f"{figures}; the app keeps to {kept:,}."
        return Check(check="quota_tier", ok=True, detail=detail)
    return Check(
        check="quota_tier",
        ok=True,
        detail=f"{figures}; the app would use up to {kept:,} and then wait as Microsoft says.",
        do="Nothing for a tenant of this size; waves of more than 1,000 people may be slowed down.",
    )


def not_looked_at(check: str, *, because: str) -> Check:
    """Something that cannot be judged until another thing is mended."""
    return Check(
        check=check,
        ok=False,
        detail=f"Not looked at, because {because}.",
        do="Mend that first, then run rollout doctor again.",
    )
