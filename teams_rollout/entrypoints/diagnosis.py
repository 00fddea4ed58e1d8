"""The doctor: what the app can say of itself, then the tenant, which an orchestration looks at.

Without storage nothing can be orchestrated; then the report says so and ends there.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx

from teams_rollout.contracts.payloads import OperationRequest
from teams_rollout.domain import doctor
from teams_rollout.domain.doctor import Check
from teams_rollout.entrypoints import operations
from teams_rollout.entrypoints.front_door import knock
from teams_rollout.entrypoints.identity import is_loopback
from teams_rollout.entrypoints.ports import Services, Starter
from teams_rollout.entrypoints.views import OperationView
from teams_rollout.ledger.ports import LedgerError
from teams_rollout.ledger.records import OperationRecord, OperationStatus

_LOOK_EVERY = 0.25  # seconds


def examine_settings(services: Services) -> list[Check]:
    """What the settings alone show; that they could be read shows that they are complete."""
    settings = services.settings
    return [
        doctor.check_settings(),
        doctor.check_environment(settings.environment, is_simulated=settings.is_simulated),
        doctor.check_time_scale(settings.time_scale),
        doctor.check_quota(settings.quota_model, share=settings.graph_share),
    ]


async def examine_front_door(services: Services) -> Check:
    """Whether the deployed app's own address refuses whoever is not signed in."""
    settings = services.settings
    host = settings.host_name
    if not host or is_loopback(host):
        return doctor.check_no_front_door(settings.environment)
    try:
        said = await knock(f"https://{host}", tenant_id=settings.graph_tenant_id)
    except httpx.HTTPError:
        return doctor.check_silent_door(host)
    return doctor.check_front_door(host, stranger=said.stranger, forger=said.forger)


async def examine_storage(services: Services) -> list[Check]:
    """What the ledger's account shows; the first check says whether it can be worked with."""
    ledger = services.ledger
    try:
        await ledger.prepare()
        await ledger.find_rollout()
        look = await ledger.inspect()
    except LedgerError as error:
        return [doctor.check_storage(trouble=str(error))]
    environment = services.settings.environment
    return [
        doctor.check_storage(missing=look.missing),
        doctor.check_durability(environment, is_emulator=look.is_emulator),
        doctor.check_clock(
            "storage_clock", theirs=look.time, ours=services.clock(), whose="the storage"
        ),
    ]


async def start(
    services: Services, starter: Starter, *, operation_id: str, checks: Sequence[Check]
) -> OperationRecord:
    """Have the tenant looked at; its checks will stand behind these in the operation's result."""
    rollout = await services.ledger.find_rollout()
    return await operations.run_operation(
        services,
        starter,
        kind=operations.DIAGNOSIS,
        request=OperationRequest(
            rollout_id=rollout.rollout_id if rollout else "", operation_id=operation_id
        ),
        about={"checks": [c.model_dump(mode="json") for c in checks]},
    )


async def wait_for(
    services: Services, starter: Starter, operation_id: str, *, seconds: float
) -> OperationView:
    """The operation as soon as it has ended, or as it stands after so many seconds."""
    for _ in range(max(1, round(seconds / _LOOK_EVERY))):
        view = await operations.get_operation(services, starter, operation_id, rollout_id="")
        if view.status != OperationStatus.RUNNING or not seconds:
            break
        await asyncio.sleep(_LOOK_EVERY)
    return view


def report_of(operation: OperationView) -> list[dict[str, Any]]:
    """All checks of an operation that has ended; its own failure is one of them."""
    found = list(operation.result.get("checks", []))
    if operation.error:
        broke_off = Check(
            check="diagnosis",
            ok=False,
            detail=str(operation.error["message"]),
            do=str(operation.error["do"]) or "Mend what the other checks say, then ask again.",
        )
        found.append(broke_off.model_dump(mode="json"))
    return found
