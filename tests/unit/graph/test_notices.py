"""Mail and cards: sent once, and doubt is never taken for a failure."""

import httpx
import pytest

from graph.delivery import Certainty
from graph.errors import WritesForbidden
from graph.limits import LIMITS, RequestKind
from graph.mail import SENDER_UNUSABLE, Mail, send_mail
from graph.session import GraphSession
from graph.workflows import CardChannel

MAIL = Mail(to="ada@example.gov.uk", subject="Moving", content="<p>Hello</p>", is_html=True)
PATH = "/users/team@example.gov.uk/sendMail"
URL = "http://127.0.0.1:9/workflows/w/triggers/manual/paths/invoke?sig=secret"
RESET = httpx.ReadError("connection reset")
REFUSED = httpx.ConnectError("nobody there")

ANSWERS = [
    ({"status": 202}, Certainty.SENT),
    ({"status": 200, "body": "no JSON"}, Certainty.SENT),
    ({"raises": RESET}, Certainty.UNKNOWN),
    ({"raises": httpx.ReadTimeout("silence")}, Certainty.UNKNOWN),
    ({"status": 503}, Certainty.UNKNOWN),
    ({"status": 500}, Certainty.UNKNOWN),
    ({"status": 504}, Certainty.UNKNOWN),
    ({"status": 408}, Certainty.UNKNOWN),
    ({"status": 429, "headers": {"Retry-After": "60"}}, Certainty.NOT_SENT),
    ({"status": 503, "headers": {"Retry-After": "60"}}, Certainty.NOT_SENT),
    ({"status": 400}, Certainty.NOT_SENT),
    ({"status": 501}, Certainty.NOT_SENT),
    ({"raises": REFUSED}, Certainty.NOT_SENT),
]


async def nothing() -> None:
    """What there is to be done first."""


async def send(session: GraphSession, first=nothing):
    return await send_mail(session, MAIL, sender="team@example.gov.uk", key="u1", first=first)


async def test_given_a_mail_when_sent_then_as_microsoft_takes_it(microsoft, session, script):
    microsoft.on("POST", PATH, script(status=202))

    await send(session)

    assert microsoft.received[0].body == {
        "Message": {
            "@odata.type": "#microsoft.graph.message",
            "subject": "Moving",
            "body": {"contentType": "html", "content": "<p>Hello</p>"},
            "toRecipients": [{"emailAddress": {"address": "ada@example.gov.uk"}}],
        },
        "SaveToSentItems": False,
    }


@pytest.mark.parametrize(("answer", "certainty"), ANSWERS)
async def test_given_an_answer_to_a_mail_then_what_it_proves(
    microsoft, session, script, answer, certainty
):
    microsoft.on("POST", PATH, script(**answer))

    delivery = await send(session)

    assert delivery.certainty is certainty
    assert len(microsoft.received) == (2 if answer.get("raises") is REFUSED else 1)


async def test_given_an_expired_token_when_mailed_then_repeated_and_the_marker_written_first(
    microsoft, session, script
):
    done: list[int] = []

    async def first() -> None:
        done.append(len(microsoft.received))

    microsoft.on("POST", PATH, script(status=401), script(status=202))

    delivery = await send(session, first)

    assert delivery.certainty is Certainty.SENT
    assert done == [0, 1]


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "permission_missing"), (404, SENDER_UNUSABLE), (400, "request_refused")],
)
async def test_given_a_refusal_when_mailed_then_whose_fault_it_is(
    microsoft, session, script, status, code
):
    microsoft.on("POST", PATH, script(status=status))

    assert (await send(session)).result.code == code


async def test_given_somebody_was_faster_when_mailed_then_nothing_leaves(microsoft, session):
    async def taken() -> None:
        raise WritesForbidden("somebody else tells this person")

    delivery = await send(session, taken)

    assert delivery.certainty is Certainty.NOT_SENT
    assert microsoft.received == []


def test_given_mail_then_exchanges_limits_of_one_mailbox_hold():
    limits = {(limit.amount, limit.seconds) for limit in LIMITS[RequestKind.MAIL]}

    assert limits == {(30, 60), (10_000, 86_400)}
    assert RequestKind.MAIL.is_write


def channel(handler, guard=nothing) -> CardChannel:
    return CardChannel(URL, guard=guard, http_transport=httpx.MockTransport(handler))


@pytest.mark.parametrize(("answer", "certainty"), ANSWERS)
async def test_given_an_answer_to_a_card_then_what_it_proves(answer, certainty):
    posted: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        posted.append(request)
        if "raises" in answer:
            raise answer["raises"]
        return httpx.Response(answer["status"], headers=answer.get("headers"))

    delivery = await channel(handle).post({"type": "AdaptiveCard"}, first=nothing)

    assert delivery.certainty is certainty
    assert "authorization" not in posted[0].headers
    assert len(posted) == 1


async def test_given_writing_is_stopped_when_a_card_is_posted_then_it_stays_here():
    async def stopped() -> None:
        raise WritesForbidden("frozen")

    def handle(_request: httpx.Request) -> httpx.Response:
        raise AssertionError("it left")

    delivery = await channel(handle, guard=stopped).post({}, first=nothing)

    assert delivery.certainty is Certainty.NOT_SENT
    assert delivery.result.code == "paused"


async def test_given_an_address_that_is_none_when_a_card_is_posted_then_certainly_not_sent():
    broken = CardChannel("http://127.0.0.1:9/\x00", guard=nothing)

    delivery = await broken.post({}, first=nothing)

    assert delivery.certainty is Certainty.NOT_SENT
