"""Signatures and bindings of functions, compared as the Functions worker compares them."""

from collections.abc import Callable
from typing import Any

import azure.functions as func
import pytest

from teams_rollout.localhost.parameters import ParameterError, check_parameters

QUEUE = {"name": "message", "type": "queueTrigger", "direction": "IN"}
HTTP = {"name": "req", "type": "httpTrigger", "direction": "IN"}
OUT = {"name": "out", "type": "queue", "direction": "OUT"}
ANSWER = {"name": "$return", "type": "http", "direction": "OUT"}


def message_as_it_is(message: func.QueueMessage, context: func.Context): ...


def message_as_text(message: str): ...


def with_output(message: bytes, out: func.Out[list[str]]): ...


def without_hints(message, out): ...


def without_message(other): ...


def with_more(message: str, other: int): ...


def request_from_a_queue(message: func.HttpRequest): ...


def output_as_input(message: str, out: str): ...


def input_as_output(message: func.Out[str]): ...


def unknown_hint(message: "Nowhere"): ...  # type: ignore[name-defined]  # noqa: F821 - the case


def answers(req: func.HttpRequest) -> func.HttpResponse: ...  # type: ignore[empty-body]


def answers_nothing(req: func.HttpRequest) -> None: ...


def answers_either(req: func.HttpRequest) -> str | None: ...


@pytest.mark.parametrize(
    ("function", "bindings", "plain"),
    [
        (message_as_it_is, [QUEUE], set()),
        (message_as_text, [QUEUE], {"message"}),
        (with_output, [QUEUE, OUT], {"message"}),
        (without_hints, [QUEUE, OUT], set()),
        (answers, [HTTP, ANSWER], set()),
        (answers_nothing, [HTTP], set()),
    ],
)
def test_given_a_signature_that_fits_when_checked_then_its_text_parameters(
    function: Callable[..., Any], bindings: list[dict[str, str]], plain: set[str]
):
    assert check_parameters(function, bindings) == plain


@pytest.mark.parametrize(
    ("function", "bindings", "why"),
    [
        (without_message, [QUEUE], "no parameter message"),
        (with_more, [QUEUE], "parameter other belongs to no binding"),
        (request_from_a_queue, [QUEUE], "HttpRequest, which does not fit a queueTrigger"),
        (output_as_input, [QUEUE, OUT], "out is an output"),
        (input_as_output, [QUEUE], "message is an input"),
        (unknown_hint, [QUEUE], "Nowhere"),
        (answers_nothing, [HTTP, ANSWER], "return NoneType"),
        (answers_either, [HTTP, ANSWER], "which is no type"),
    ],
)
def test_given_a_signature_that_differs_when_checked_then_it_says_how(
    function: Callable[..., Any], bindings: list[dict[str, str]], why: str
):
    with pytest.raises(ParameterError, match=why):
        check_parameters(function, bindings)
