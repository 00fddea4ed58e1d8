"""Mail from one mailbox to one person.

Source: learn.microsoft.com/graph/api/user-sendmail. 202 means accepted, not delivered, and there is
no client token: a message is never repeated here unless it was certainly not taken.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.message import Message
from msgraph.generated.models.recipient import Recipient
from msgraph.generated.users.item.send_mail.send_mail_post_request_body import (
    SendMailPostRequestBody,
)

from graph.delivery import Delivery, certainty_of
from graph.errors import classify
from graph.limits import MAIL
from graph.session import GraphSession

SENDER_UNUSABLE = "notice_sender_unusable"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail.

    Attributes:
        to: the reader's address.
        content: HTML, or plain text.
    """

    to: str
    subject: str
    content: str
    is_html: bool


async def send_mail(
    session: GraphSession,
    mail: Mail,
    *,
    sender: str,
    key: str,
    first: Callable[[], Awaitable[None]],
) -> Delivery:
    """Send one mail, once.

    Args:
        sender: the mailbox that it comes from, by UPN or id.
        key: becomes the result's key.
        first: done right before sending; see `GraphSession.behind`.

    Returns:
        `permission_missing` and `notice_sender_unusable` concern the mailbox, not the reader.
    """
    body = SendMailPostRequestBody(message=_message(mail), save_to_sent_items=False)
    builder = session.sdk.users.by_user_id(sender).send_mail
    request = session.request(builder.to_post_request_information(body), cost=MAIL)
    answer = await session.behind(first).write(request)
    result = classify(answer, key=key, missing=SENDER_UNUSABLE)
    return Delivery(certainty=certainty_of(answer), result=result)


def _message(mail: Mail) -> Message:
    kind = BodyType.Html if mail.is_html else BodyType.Text
    return Message(
        subject=mail.subject,
        body=ItemBody(content_type=kind, content=mail.content),
        to_recipients=[Recipient(email_address=EmailAddress(address=mail.to))],
    )
