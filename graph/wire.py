"""A request to Graph and its answer, as values; how the SDK's requests become ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

from kiota_abstractions.request_information import RequestInformation

from graph.limits import CallPriority, RequestCost


class Failure(StrEnum):
    """Why there is no answer by Microsoft, or none that can be read."""

    NONE = ""
    UNREACHABLE = "unreachable"  # no connection: certainly not sent
    TIMEOUT = "timeout"  # sent, no answer: it may have taken effect
    BROKEN = "broken"  # connection lost: it may have taken effect
    UNANSWERED = "unanswered"  # an envelope came back without this item
    UNREADABLE = "unreadable"  # not the JSON that was promised
    SIGN_IN = "sign_in"  # no token
    FORBIDDEN = "forbidden"  # our own stop: paused, frozen, wrong tenant; not sent
    DELAYED = "delayed"  # our own governor: not sent


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """One request.

    Attributes:
        url: relative to the base URL, with a leading slash; a nextLink stays absolute.
        target: the object that it changes; two writes on one object never run side by side.
        content: JSON, or None.
        route: the URL with names in the place of ids; what logs and traces may hold.
    """

    method: str
    url: str
    cost: RequestCost
    target: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    route: str = ""

    @property
    def is_write(self) -> bool:
        """Whether it changes the tenant."""
        return self.cost.kind.is_write

    def at(self, priority: CallPriority) -> "GraphRequest":
        """The same request with another place in the governor's queue."""
        return replace(self, cost=self.cost.at(priority))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: HTTP status; 0 when `failure` says why there is none.
        headers: names in lower case.
        body: parsed JSON, or None.
        wait_s: with DELAYED, when a permit is due.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    failure: Failure = Failure.NONE
    wait_s: float = 0.0

    @property
    def is_success(self) -> bool:
        """Whether Microsoft answered 2xx; what an item inside says is another matter."""
        return 200 <= self.status < 300

    @property
    def is_throttled(self) -> bool:
        """429, or a 503 that names a time."""
        return self.status == 429 or (self.status == 503 and self.retry_after_s is not None)

    @property
    def retry_after_s(self) -> float | None:
        """Seconds that Microsoft asked us to wait, or None."""
        try:
            return max(0.0, float(self.headers["retry-after"]))
        except (KeyError, ValueError):
            return None

    @property
    def request_id(self) -> str:
        """Microsoft's id of the request, for a support case."""
        return self.headers.get("request-id", "")


def from_sdk(
    information: RequestInformation,
    *,
    base_url: str,
    cost: RequestCost,
    target: str = "",
    headers: Mapping[str, str] | None = None,
) -> GraphRequest:
    """Turn what an SDK builder made into a request with a relative URL.

    The SDK makes some URLs absolute and some relative, depending on what the client did before
    (msgraph-sdk-python#1015); a `$batch` needs relative ones.
    """
    method = information.http_method
    if method is None:
        raise ValueError("the SDK built a request without a method")
    sent = {name: ",".join(sorted(values)) for name, values in _headers(information).items()}
    return GraphRequest(
        method=method.value,
        url=information.url.removeprefix(base_url),
        cost=cost,
        target=target,
        headers={**sent, **(headers or {})},
        content=information.content,
        route=_route(information.url_template or ""),
    )


def _route(template: str) -> str:
    """`{+baseurl}/users/{user%2Did}{?%24select}` as `/users/{user-id}`; empty for anything else."""
    base, found, path = template.partition("{+baseurl}")
    return "" if base or not found else unquote(path.partition("{?")[0])


def _headers(information: RequestInformation) -> Mapping[str, set[str]]:
    return information.headers.get_all()
