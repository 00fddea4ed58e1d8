"""What calls to Graph leave in spans and metrics: templates, kinds and ids of requests."""

from opentelemetry.trace import SpanKind, StatusCode

from graph import signals
from graph.limits import CallPriority
from graph.users import get_user, list_users, set_usage_locations

PERSON = "0a1b2c3d-0000-4000-8000-000000000007"
OTHER = "0a1b2c3d-0000-4000-8000-000000000008"


async def test_given_a_read_by_id_when_sent_then_its_span_names_the_template_and_both_request_ids(
    microsoft, session, script, recording
):
    answer = script(body={"id": PERSON}, headers={"request-id": "theirs"})
    microsoft.on("GET", f"/users/{PERSON}", answer)

    await get_user(session, PERSON)

    span = recording.span("GET /users/{user-id}")
    sent = microsoft.received[0].headers["client-request-id"]
    assert span.kind is SpanKind.CLIENT
    assert span.attributes[signals.TEMPLATE] == "/users/{user-id}"
    assert span.attributes[signals.ADDRESS] == f"{session.base_url}/users/{{user-id}}"
    assert span.attributes[signals.CLIENT_REQUEST_ID] == sent
    assert span.attributes[signals.REQUEST_ID] == "theirs"
    assert span.attributes[signals.STATUS] == 200
    assert PERSON not in span.to_json()


async def test_given_further_pages_when_read_then_their_links_stay_out_of_the_spans(
    microsoft, session, script, recording
):
    link = f"{session.base_url}/users?$skiptoken={PERSON}"
    page = script(body={"value": [{"id": PERSON}], "@odata.nextLink": link})
    microsoft.on("GET", "/users", page, script(body={"value": [{"id": OTHER}]}))

    await list_users(session)

    assert [span.name for span in recording.spans()] == ["GET /users", "GET /users"]
    assert not [s for s in recording.spans() if PERSON in s.to_json()]


async def test_given_an_envelope_when_an_item_is_refused_then_the_span_tells_which_request_it_was(
    microsoft, session, script, recording
):
    microsoft.on("PATCH", f"/users/{PERSON}", script(status=204))
    microsoft.on("PATCH", f"/users/{OTHER}", script(status=403, headers={"request-id": "r-7"}))

    await set_usage_locations(session, [(PERSON, "GB"), (OTHER, "GB")])

    span = recording.span("POST /$batch")
    assert span.attributes[signals.ITEMS] == 2
    assert span.attributes[signals.ROUTES] == ("PATCH /users/{user-id}",)
    assert [(e.name, dict(e.attributes)) for e in span.events] == [
        (signals.REFUSED_ITEM, {signals.ERROR: "403", signals.REQUEST_ID: "r-7"})
    ]
    assert PERSON not in span.to_json()


async def test_given_a_refusal_when_answered_then_the_span_failed_and_it_is_counted(
    microsoft, open_session, script, recording
):
    headers = {"Retry-After": "60", "x-ms-throttle-limit-percentage": "1.2"}
    microsoft.batch_answers = [script(status=429, headers=headers)]

    await set_usage_locations(open_session().at(CallPriority.NIGHTLY), [(PERSON, "GB")])

    span = recording.span("POST /$batch")
    assert span.status.status_code is StatusCode.ERROR
    points = recording.metrics()
    kind = (signals.KIND, "directory_write")
    assert points[signals.REQUESTS][frozenset({kind, (signals.OUTCOME, "throttled")})].value == 1
    assert points[signals.THROTTLE_PERCENTAGE][frozenset({kind})].max == 1.2
    waits = points[signals.PERMIT_WAIT]
    assert list(waits) == [frozenset({kind, (signals.PRIORITY, "nightly")})]


async def test_given_writes_when_sent_then_the_quota_that_they_use_is_counted_in_seconds(
    microsoft, session, script, recording
):
    microsoft.on("PATCH", "/users/.*", script(status=204))

    await set_usage_locations(session, [(f"{PERSON[:-1]}{n}", "GB") for n in range(4)])

    points = recording.metrics()
    writes = frozenset({(signals.LIMIT, "entra_writes")})
    assert points[signals.PERMITS][writes].value == 4
    # 3,000 writes in 150 s, of which we allow ourselves four fifths.
    assert points[signals.QUOTA_USE][writes].value == 4 / (3_000 * 0.8) * 150


async def test_given_any_call_when_measured_then_labels_are_the_known_ones(
    microsoft, session, script, recording
):
    microsoft.on("GET", f"/users/{PERSON}", script(body={"id": PERSON}))

    await get_user(session, PERSON)

    found = {name: points for name, points in recording.metrics().items() if "graph" in name}
    assert set(found) <= set(signals.METRICS)
    assert {key for points in found.values() for labels in points for key, _ in labels} <= set(
        signals.LABELS
    )
