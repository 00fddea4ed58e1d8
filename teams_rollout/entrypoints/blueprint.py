"""The shims: triggers of the Functions host on one side, plain functions on the other.

A shim only fetches what its body needs; everything that can go wrong is in the body and tested
there. Names, queues and the storage connection are contracts (`contracts.names`).
"""

from functools import cache

import azure.durable_functions as df
import azure.functions as func

from teams_rollout.composition import services, start_telemetry
from teams_rollout.contracts import names
from teams_rollout.entrypoints import queues, reviving, stock, timers
from teams_rollout.entrypoints.durable import DurableStarter, current_starter

STORAGE = "RolloutStorage"
"""Name of the connection of our own queues (identity-based on Azure)."""

bp = df.Blueprint()


@cache
def _bridge() -> func.AsgiMiddleware:
    start_telemetry()
    # Imported on the first request: FastAPI takes half a second that no other trigger needs.
    from teams_rollout.entrypoints.app import create_api  # noqa: PLC0415

    return func.AsgiMiddleware(create_api(services))  # type: ignore[no-untyped-call]  # SDK has no hints here


# The role that each route requires is the sign-in check; a function key would add nothing to it.
@bp.function_name(names.API)
@bp.route(
    route="{*path}",
    methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@bp.durable_client_input(client_name="client")
async def api_shim(req: func.HttpRequest, context: func.Context, client) -> func.HttpResponse:  # type: ignore[no-untyped-def]  # the worker refuses hints on the client
    """Every HTTP request."""
    token = current_starter.set(DurableStarter(client))
    try:
        answer: func.HttpResponse = await _bridge().handle_async(req, context)
    finally:
        current_starter.reset(token)
    return answer


@bp.function_name(names.START_BATCH)
@bp.queue_trigger(arg_name="message", queue_name=names.BATCH_QUEUE, connection=STORAGE)
@bp.durable_client_input(client_name="client")
async def start_batch_shim(message: func.QueueMessage, client) -> None:  # type: ignore[no-untyped-def]  # the worker refuses hints on the client
    """A batch to be claimed and started."""
    await queues.start_batch(services(), DurableStarter(client), message.get_body())


@bp.function_name(names.WAKE_UP)
@bp.queue_trigger(arg_name="message", queue_name=names.WAKE_UP_QUEUE, connection=STORAGE)
@bp.durable_client_input(client_name="client")
async def wake_up_shim(message: func.QueueMessage, client) -> None:  # type: ignore[no-untyped-def]  # the worker refuses hints on the client
    """An orchestration to be woken."""
    await queues.wake_up(DurableStarter(client), message.get_body())


@bp.function_name(names.POISONED_BATCH)
@bp.queue_trigger(arg_name="message", queue_name=names.BATCH_POISON_QUEUE, connection=STORAGE)
@bp.durable_client_input(client_name="client")
async def poisoned_batch_shim(message: func.QueueMessage, client) -> None:  # type: ignore[no-untyped-def]  # the worker refuses hints on the client
    """A batch message that failed too often."""
    await queues.see_to_poison(services(), DurableStarter(client), message.get_body())


@bp.function_name(names.NIGHTLY)
@bp.timer_trigger(arg_name="timer", schedule="0 0 * * * *", run_on_startup=False)
@bp.durable_client_input(client_name="client")
async def nightly_shim(timer: func.TimerRequest, client) -> None:  # type: ignore[no-untyped-def]  # noqa: ARG001 - the worker refuses hints on the client; a trigger's argument has to be there
    """Every full hour (UTC)."""
    await timers.reconcile_nightly(services(), DurableStarter(client))


@bp.function_name(names.STOCKTAKING)
@bp.timer_trigger(arg_name="timer", schedule="0 */5 * * * *", run_on_startup=False)
@bp.durable_client_input(client_name="client")
async def stocktaking_shim(timer: func.TimerRequest, client) -> None:  # type: ignore[no-untyped-def]  # noqa: ARG001 - as above
    """Every five minutes."""
    await stock.take_stock(services(), DurableStarter(client))


@bp.function_name(names.REVIVAL)
@bp.timer_trigger(arg_name="timer", schedule="30 */5 * * * *", run_on_startup=False)
@bp.durable_client_input(client_name="client")
async def revival_shim(timer: func.TimerRequest, client) -> None:  # type: ignore[no-untyped-def]  # noqa: ARG001 - as above
    """Every five minutes: waves whose instances were lost go on."""
    await reviving.revive_waves(services(), DurableStarter(client))
