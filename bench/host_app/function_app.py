"""The app that measures the local host: activities that do nothing, fanned out and in sequence."""

# The decorators of azure-functions are untyped
# mypy: disable-error-code="untyped-decorator"

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.activity_trigger(input_name="number")
async def nothing(number: int) -> int:
    """Return what came in."""
    return number


@app.orchestration_trigger(context_name="context")
def fan(context: df.DurableOrchestrationContext) -> Generator[Any, Any, int]:
    """Run that many activities at once."""
    size = context.get_input()
    done = yield context.task_all([context.call_activity("nothing", i) for i in range(size)])
    return len(done)


@app.orchestration_trigger(context_name="context")
def sequence(context: df.DurableOrchestrationContext) -> Generator[Any, Any, int]:
    """Run that many activities one after the other."""
    for number in range(context.get_input()):
        yield context.call_activity("nothing", number)
    return 1


@app.route(route="many/{name}/{count:int}/{size:int}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def many(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> str:
    """Start that many orchestrations of that size."""
    for _ in range(int(req.route_params["count"])):
        await client.start_new(req.route_params["name"], client_input=int(req.route_params["size"]))
    return "started"
