"""What a token says of itself, where it can be read."""

import base64
import json

import pytest

from graph.permissions import claims_of


def a_token(payload: bytes) -> str:
    middle = base64.urlsafe_b64encode(payload).decode().rstrip("=")
    return f"head.{middle}.signature"


@pytest.mark.parametrize("claims", [{}, {"appid": "1"}, {"roles": ["User.Read.All"]}])
def test_given_a_readable_token_then_its_claims(claims):
    assert claims_of(a_token(json.dumps(claims).encode())) == claims


@pytest.mark.parametrize(
    "token",
    ["", "rehearsal", "a.b.c", "one.two", a_token(b"\xff\xfe"), a_token(b"[1]"), a_token(b"{")],
)
def test_given_anything_else_then_nothing(token):
    assert claims_of(token) == {}
