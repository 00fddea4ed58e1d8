"""A small app that uses every durable feature once; the host's tests run it."""

import asyncio
import json
import logging
import time
from datetime import timedelta

import aiohttp
import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
failures: dict[str, int] = {}


@app.route(route="start/{name}/{instance_id?}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    body = req.get_body()
    instance_id = await client.start_new(
        req.route_params["name"],
        instance_id=req.route_params.get("instance_id"),
        client_input=json.loads(body) if body else None,
    )
    response: func.HttpResponse = client.create_check_status_response(req, instance_id)
    return response


@app.route(route="raise/{instance_id}/{event}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def raise_event(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    await client.raise_event(
        req.route_params["instance_id"], req.route_params["event"], json.loads(req.get_body())
    )
    return func.HttpResponse(status_code=202)


@app.route(route="echo/{number:int}/{*rest}", methods=["GET", "PUT"])
def echo(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "method": req.method,
        "params": dict(req.params),
        "route": dict(req.route_params),
        "body": req.get_body().decode(),
        "agent": req.headers.get("X-Agent"),
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json", status_code=207)


@app.route(route="nothing")
def nothing(req: func.HttpRequest):
    return None


@app.generic_trigger(arg_name="req", type="httpTrigger", route="silent", authLevel="anonymous")
def silent(req: func.HttpRequest) -> None:
    """Without an output for its answer."""


sessions: list[aiohttp.ClientSession] = []


@app.route(route="careless")
async def careless(req: func.HttpRequest) -> str:
    sessions.append(aiohttp.ClientSession())
    async with sessions[-1].get(req.url.replace("careless", "text")) as answer:
        return await answer.text()


@app.route(route="text")
def text(req: func.HttpRequest) -> str:
    return "plain"


@app.route(route="broken")
def broken(req: func.HttpRequest) -> str:
    raise ValueError("out of order")


@app.route(route="locked", auth_level=func.AuthLevel.FUNCTION)
def locked(req: func.HttpRequest) -> str:
    return "open"


@app.route(route="masters", auth_level=func.AuthLevel.ADMIN)
def masters(req: func.HttpRequest) -> str:
    return "open"


@app.activity_trigger(input_name="number")
def double(number: int) -> int:
    return number * 2


@app.activity_trigger(input_name="name")
async def greet(name: str) -> str:
    await asyncio.sleep(0)
    logging.info("greeting")
    return f"Hello {name}"


@app.activity_trigger(input_name="what")
def fail(what: str) -> None:
    raise ValueError(what)


@app.activity_trigger(input_name="what")
def fail_twice(what: str) -> str:
    failures[what] = failures.get(what, 0) + 1
    if failures[what] < 3:
        raise RuntimeError(f"attempt {failures[what]}")
    return f"worked at attempt {failures[what]}"


@app.activity_trigger(input_name="what")
def mended_after_one_failure(what: str) -> str:
    failures[what] = failures.get(what, 0) + 1
    if failures[what] == 1:
        raise RuntimeError("not yet mended")
    return f"worked at attempt {failures[what]}"


@app.activity_trigger(input_name="seconds")
async def doze(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "awake"


@app.orchestration_trigger(context_name="context")
def chain(context: df.DurableOrchestrationContext):
    logging.info("chaining")
    first = yield context.call_activity("greet", "Ada")
    second = yield context.call_activity("greet", "Grace")
    return [first, second, context.get_input()]


@app.orchestration_trigger(context_name="context")
def fan(context: df.DurableOrchestrationContext):
    count = context.get_input()
    doubled = yield context.task_all([context.call_activity("double", i) for i in range(count)])
    return sum(doubled)


@app.orchestration_trigger(context_name="context")
def parent(context: df.DurableOrchestrationContext):
    context.set_custom_status({"at": "children"})
    sums = yield context.task_all(
        [context.call_sub_orchestrator("fan", n, f"{context.instance_id}-{n}") for n in (2, 3)]
    )
    return sums


@app.orchestration_trigger(context_name="context")
def retried(context: df.DurableOrchestrationContext):
    options = df.RetryOptions(10, 3)
    return (yield context.call_activity_with_retry("fail_twice", options, context.instance_id))


@app.orchestration_trigger(context_name="context")
def failing(context: df.DurableOrchestrationContext):
    yield context.call_activity("fail", "no luck")


@app.orchestration_trigger(context_name="context")
def catching(context: df.DurableOrchestrationContext):
    try:
        yield context.call_activity("fail", "no luck")
    except Exception as error:
        return str(error).splitlines()[0]


@app.orchestration_trigger(context_name="context")
def waiting(context: df.DurableOrchestrationContext):
    timeout = context.create_timer(context.current_utc_datetime + timedelta(seconds=30))
    event = context.wait_for_external_event("go")
    winner = yield context.task_any([event, timeout])
    if winner is event:
        timeout.cancel()
        return event.result
    return "late"


@app.orchestration_trigger(context_name="context")
def napping(context: df.DurableOrchestrationContext):
    before = context.current_utc_datetime
    due = before + timedelta(seconds=context.get_input())
    yield context.create_timer(due)
    return (context.current_utc_datetime - due).total_seconds()


@app.orchestration_trigger(context_name="context")
def counting(context: df.DurableOrchestrationContext):
    left, seen = context.get_input()
    seen.append((yield context.call_activity("double", left)))
    if left > 0:
        context.continue_as_new([left - 1, seen])
        return None
    return seen


@app.orchestration_trigger(context_name="context")
def lost(context: df.DurableOrchestrationContext):
    yield context.call_activity("there_is_no_such_activity", 1)


@app.orchestration_trigger(context_name="context")
def entity_user(context: df.DurableOrchestrationContext):
    counter = df.EntityId("counter", context.instance_id)
    context.signal_entity(counter, "add", 5)
    yield context.call_entity(counter, "add", 2)
    return (yield context.call_entity(counter, "get"))


@app.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext) -> None:
    value = context.get_state(lambda: 0)
    if context.operation_name == "add":
        value += context.get_input()
        context.set_state(value)
    context.set_result(value)


@app.orchestration_trigger(context_name="context")
def http_caller(context: df.DurableOrchestrationContext):
    response = yield context.call_http("GET", context.get_input())
    return response["content"]


@app.route(route="mirror", methods=["POST"])
def mirror(req: func.HttpRequest) -> func.HttpResponse:
    seen = {"type": req.headers["content-type"], "body": req.get_body().decode()}
    return func.HttpResponse(json.dumps(seen), mimetype="application/json", headers={"X-A": "b"})


@app.orchestration_trigger(context_name="context")
def http_poster(context: df.DurableOrchestrationContext):
    response = yield context.call_http("POST", context.get_input(), content={"a": 1})
    return [response["content"], sorted(name.lower() for name in response["headers"])]


@app.orchestration_trigger(context_name="context")
def http_loser(context: df.DurableOrchestrationContext):
    try:
        yield context.call_http("GET", context.get_input())
    except Exception as error:
        return str(error).splitlines()[0]


jobs: list[str] = []


@app.route(route="job")
def job(req: func.HttpRequest) -> func.HttpResponse:
    jobs.append(req.url)
    headers = {"Location": req.url, "Retry-After": "1"}
    status = 202 if len(jobs) == 1 else 200
    return func.HttpResponse("job", status_code=status, headers=headers)


@app.orchestration_trigger(context_name="context")
def http_poller(context: df.DurableOrchestrationContext):
    response = yield context.call_http("GET", context.get_input())
    return response["statusCode"]


@app.orchestration_trigger(context_name="context")
def rewindable(context: df.DurableOrchestrationContext):
    yield context.call_activity("double", 1)
    return (yield context.call_activity("mended_after_one_failure", context.instance_id))


@app.orchestration_trigger(context_name="context")
def leaves_a_timer(context: df.DurableOrchestrationContext):
    late = context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
    yield context.task_any([late, context.call_activity("double", 1)])
    return "done"


@app.orchestration_trigger(context_name="context")
def forgetful(context: df.DurableOrchestrationContext):
    if context.get_input() == "again":
        limit = context.create_timer(context.current_utc_datetime + timedelta(seconds=0.5))
        unread = context.wait_for_external_event("unread")
        winner = yield context.task_any([unread, limit])
        return "kept" if winner is unread else "nothing was kept"
    yield context.wait_for_external_event("go")
    context.continue_as_new("again")
    return None


@app.orchestration_trigger(context_name="context")
def boaster(context: df.DurableOrchestrationContext):
    context.set_custom_status("x" * 8800)  # in UTF-16 more than 17 KB
    yield context.call_activity("double", 1)


@app.orchestration_trigger(context_name="context")
def versioned(context: df.DurableOrchestrationContext):
    yield context.call_activity("double", 1)
    return context.version


@app.activity_trigger(input_name="path")
async def note(path: str) -> None:
    await asyncio.sleep(1)
    with open(path, "a") as notes:  # noqa: ASYNC230, PTH123 - one word
        notes.write("once\n")


@app.orchestration_trigger(context_name="context")
def noting(context: df.DurableOrchestrationContext):
    yield context.call_activity("note", context.get_input())


@app.orchestration_trigger(context_name="context")
def mixed(context: df.DurableOrchestrationContext):
    number = context.get_input()
    first = yield context.task_all([context.call_activity("double", number + i) for i in range(4)])
    yield context.create_timer(context.current_utc_datetime + timedelta(seconds=0.05))
    child = yield context.call_sub_orchestrator("fan", 3)
    last = yield context.call_activity_with_retry("sometimes", df.RetryOptions(20, 50), number)
    return [sum(first), child, last]


@app.activity_trigger(input_name="number")
async def sometimes(number: int) -> int:
    await asyncio.sleep(0.01)
    failures["sometimes"] = failures.get("sometimes", 0) + 1
    if failures["sometimes"] % 3 == 0:
        raise RuntimeError("not this time")
    return number


@app.activity_trigger(input_name="seconds")
def block(seconds: float) -> None:
    time.sleep(seconds)


@app.orchestration_trigger(context_name="context")
def stubborn(context: df.DurableOrchestrationContext):
    yield context.call_activity("block", 120)


@app.orchestration_trigger(context_name="context")
def waking(context: df.DurableOrchestrationContext):
    woken_by = []
    yield context.wait_for_external_event("begin")
    for _ in range(3):
        yield context.call_activity("doze", 0.01)
        limit = context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
        wake = context.wait_for_external_event("wake")
        winner = yield context.task_any([wake, limit])
        if winner is wake:
            limit.cancel()
        woken_by.append("event" if winner is wake else "timer")
    return woken_by
