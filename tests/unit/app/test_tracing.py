"""Spans of our own functions: one trace a run, ids only, and never the text of an exception."""

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from teams_rollout.contracts import signals
from teams_rollout.contracts.payloads import BatchRequest, OperationRequest, WaveRequest
from teams_rollout.tracing import function_span, note_result

WAVE = WaveRequest(rollout_id="council", wave="wave-1", epoch=2).model_dump(mode="json")
BATCH = BatchRequest(rollout_id="council", wave="wave-1", epoch=2, batch=7).model_dump(mode="json")


def test_given_a_wave_and_its_batch_when_traced_apart_then_they_share_the_trace_of_the_run(
    recording,
):
    with function_span("advance_wave", WAVE):
        pass
    with function_span("assign_license", BATCH):
        pass

    wave, batch = recording.span("advance_wave"), recording.span("assign_license")
    assert wave.context.trace_id == batch.context.trace_id
    assert wave.attributes == {signals.RUN: "council:wave-1:2", signals.WAVE: "wave-1"}
    assert batch.attributes == {**wave.attributes, signals.BATCH: 7}


def test_given_another_run_of_the_wave_when_traced_then_it_has_a_trace_of_its_own(recording):
    with function_span("first", WAVE):
        pass
    with function_span("second", {**WAVE, "epoch": 3}):
        pass

    traces = {span.context.trace_id for span in recording.spans()}
    assert len(traces) == 2


def test_given_a_span_of_the_host_when_traced_then_ours_is_its_child(recording):
    tracer = trace.get_tracer("host")
    with tracer.start_as_current_span("activity") as host, function_span("advance_wave", WAVE):
        pass

    ours = recording.span("advance_wave")
    assert ours.parent.span_id == host.get_span_context().span_id
    assert ours.attributes[signals.RUN] == "council:wave-1:2"


def test_given_an_operation_when_traced_then_its_id_is_the_run(recording):
    payload = OperationRequest(operation_id="op-7", rollout_id="council", wave="wave-1")

    with function_span("make_plan", payload.model_dump(mode="json")):
        pass

    attributes = recording.span("make_plan").attributes
    assert attributes == {signals.RUN: "op-7", signals.OPERATION: "op-7"}


def test_given_an_exception_when_it_passes_then_the_span_keeps_its_kind_and_not_its_text(recording):
    with pytest.raises(ValueError, match="sian"), function_span("assign_license", BATCH):
        raise ValueError("sian.wood@llanfair.example is taken")

    span = recording.span("assign_license")
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes[signals.ERROR] == "ValueError"
    assert "sian" not in span.to_json()


def test_given_a_result_when_noted_then_people_are_counted_by_outcome(recording):
    with function_span("assign_license", BATCH) as span:
        note_result(span, {"counts": {"applied": 20}, "trouble": ""})

    assert recording.span("assign_license").attributes[f"{signals.PEOPLE}applied"] == 20


def test_given_trouble_when_noted_then_the_span_says_which(recording):
    with function_span("assign_license", BATCH) as span:
        note_result(span, {"trouble": "storage_unavailable"})

    found = recording.span("assign_license")
    assert found.attributes[signals.TROUBLE] == "storage_unavailable"
    assert found.status.status_code is StatusCode.ERROR
