"""An app of queues, outputs and timers; it reports what it saw over HTTP."""

import asyncio
import json
import time

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
seen: list[dict[str, object]] = []
ticks: list[bool] = []
running = {"now": 0, "most": 0}


@app.route(route="seen")
def what_was_seen(req: func.HttpRequest) -> str:
    return json.dumps({"messages": seen, "ticks": ticks, "most": running["most"]})


@app.queue_trigger(arg_name="message", queue_name="%WORK_QUEUE%", connection="")
async def work(message: func.QueueMessage) -> None:
    running["now"] += 1
    running["most"] = max(running.values())
    body = message.get_json()
    await asyncio.sleep(5 if body == "slow" else 0.05)
    running["now"] -= 1
    seen.append({"body": body, "attempt": message.dequeue_count, "id": message.id})
    if body == "bad":
        raise ValueError("cannot work with this")


@app.queue_trigger(arg_name="message", queue_name="orders", connection="")
@app.durable_client_input(client_name="client")
async def order(message: func.QueueMessage, client: df.DurableOrchestrationClient) -> None:
    await client.start_new("handle", instance_id=f"order-{message.get_json()}")


@app.orchestration_trigger(context_name="context")
def handle(context: df.DurableOrchestrationContext):
    return (yield context.call_activity("ship", context.instance_id))


@app.activity_trigger(input_name="what")
def ship(what: str) -> str:
    return f"shipped {what}"


@app.route(route="emit")
@app.queue_output(arg_name="out", queue_name="%WORK_QUEUE%", connection="")
def emit(req: func.HttpRequest, out: func.Out[list[str]]) -> func.HttpResponse:
    out.set([json.dumps(part) for part in req.params["parts"].split(",")])
    return func.HttpResponse("sent")


@app.route(route="slow/async")
async def slow_async(req: func.HttpRequest) -> str:
    await asyncio.sleep(60)
    return "too late"


@app.route(route="slow/sync")
def slow_sync(req: func.HttpRequest) -> str:
    time.sleep(60)
    return "too late"


@app.timer_trigger(arg_name="timer", schedule="%TICK%")
def tick(timer: func.TimerRequest) -> None:
    ticks.append(timer.past_due)
