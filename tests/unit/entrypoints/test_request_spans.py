"""Spans of requests: the route, never the address."""

from opentelemetry.trace import StatusCode

from teams_rollout.contracts import signals

REF = "7f3a"


async def test_given_a_request_when_served_then_its_span_names_the_route_and_the_status(
    client, recording
):
    answer = await client.get(f"/api/v1/operations/{REF}?secret=sian")

    assert answer.status_code == 404
    assert len(recording.spans()) == 1
    span = recording.span("GET /api/v1/operations/{operation_id}")
    assert span.attributes[signals.STATUS] == 404
    assert REF not in span.to_json()
    assert "sian" not in span.to_json()


async def test_given_an_address_that_no_route_has_when_asked_for_then_it_stays_out_of_the_span(
    client, recording
):
    await client.get("/sian.wood")

    assert "sian" not in recording.span("GET").to_json()


async def test_given_a_bug_when_served_then_the_span_failed(client, recording, monkeypatch, ledger):
    def broken() -> None:
        raise RuntimeError("sian.wood@llanfair.example")

    monkeypatch.setattr(ledger, "find_rollout", broken)

    await client.get("/api/v1/waves")

    span = recording.span("GET /api/v1/waves")
    assert span.status.status_code is StatusCode.ERROR
    assert "sian" not in span.to_json()
