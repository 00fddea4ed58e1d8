"""The HTTP API as the command sees it: requests, pages, long operations, clear failures."""

import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from teams_rollout.cli.addresses import is_loopback
from teams_rollout.cli.console import note
from teams_rollout.cli.errors import ApiError, CliError, ImportRefusedError, UnreachableError

API_ROOT = "/api/v1"
TIMEOUT = httpx.Timeout(60.0, connect=5.0)
PATIENCE = 20.0  # seconds for which a restart of the host may go unnoticed while watching
FIRST_POLL, SLOWEST_POLL = 0.1, 1.0  # seconds between two looks at an operation
IDENTITY_HEADER = "X-Rollout-User"

Json = dict[str, Any]


class RolloutClient:
    """Talks to `/api/v1` of one deployment."""

    def __init__(
        self,
        base_url: str,
        *,
        identity: str | None = None,
        tend: Callable[[], None] | None = None,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            identity: development identity, sent to loopback addresses only.
            tend: looks after the parts of a lab in every pause and may raise to give up. With it
                every request is patient: the lab brings a killed host back.
        """
        self.base_url = base_url
        self._tend = tend or (lambda: None)
        self._patient = tend is not None
        headers = {"Accept": "application/json"}
        if identity and is_loopback(base_url):
            headers[IDENTITY_HEADER] = quote(identity, safe=" @'")  # headers are ASCII
        # A proxy setting is for the outside world: it must not swallow loopback addresses.
        self._http = httpx.Client(
            base_url=base_url + API_ROOT,
            headers=headers,
            timeout=TIMEOUT,
            trust_env=not is_loopback(base_url),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._http.close()

    def get(self, path: str, **params: str | None) -> Any:
        """The body of one GET below `/api/v1`; parameters that are None are left out."""
        return _body(self._send("GET", path, params=_present(params)))

    def text(self, path: str, **params: str | None) -> str:
        """The body of one GET as text: a page for people."""
        return self._send("GET", path, params=_present(params)).text

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Status and body of one POST."""
        answer = self._send("POST", path, json=dict(body or {}), headers=_once())
        return answer.status_code, _body(answer) if answer.content else {}

    def upload(self, path: str, *, files: Mapping[str, Path], fields: Mapping[str, str]) -> Json:
        """The operation that a multipart upload started; file name and content only.

        Raises:
            ImportRefusedError: the API found faults.
        """
        parts = {name: (file.name, file.read_bytes()) for name, file in files.items()}
        answer = self._send("POST", path, files=parts, data=dict(fields), headers=_once())
        body: Json = _body(answer)
        return body

    def whole(self, path: str, *, key: str = "value", **params: str | None) -> Json:
        """A paged answer with every page's list in one.

        Args:
            key: where the list sits.
            params: parameters of the query; None = left out.
        """
        body = self.get(path, **params)
        merged: Json = {name: part for name, part in body.items() if name != "nextLink"}
        merged[key] = list(body.get(key) or ())
        while body.get("nextLink"):
            body = _body(self._send("GET", self._same_host(body["nextLink"])))
            merged[key].extend(body.get(key) or ())
        return merged

    def pause(self, seconds: float) -> None:
        """Wait, and look after whatever needs looking after meanwhile."""
        self._tend()
        time.sleep(seconds)

    def patiently(self, path: str) -> Any:
        """Like `get`, but a host that restarts is given some seconds to come back."""
        return _body(self._send_patiently("GET", path))

    def finished(self, operation: Mapping[str, Any]) -> Json:
        """The operation once it has ended well.

        Raises:
            CliError: the operation failed; its own error is the message.
        """
        current: Json = dict(operation)
        pause, told = FIRST_POLL, ""
        while current.get("status") not in ("succeeded", "failed"):
            self.pause(pause)
            pause = min(pause * 1.5, SLOWEST_POLL)
            current = self.patiently(f"/operations/{current['id']}")
            trouble = _trouble(current)
            if trouble not in ("", told):
                note(f"Waiting: {trouble}")
                told = trouble
        if current["status"] == "failed":
            raise CliError(_failure(current))
        return current

    def _same_host(self, link: str) -> str:
        """Follow pages on our own address only, whatever name the server has for itself."""
        parts = urlsplit(link)
        query = f"?{parts.query}" if parts.query else ""
        return f"{self.base_url}{parts.path}{query}"

    def _send(self, method: str, path: str, **how: Any) -> httpx.Response:
        send = self._send_patiently if self._patient else self._send_now
        return send(method, path, **how)

    def _send_patiently(self, method: str, path: str, **how: Any) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._send_now(method, path, **how)
            except UnreachableError:
                if time.monotonic() > deadline:
                    raise
                self.pause(SLOWEST_POLL)

    def _send_now(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **how)
        except httpx.TransportError as exc:
            raise UnreachableError(_unreachable(self.base_url, exc)) from exc
        if answer.is_success:
            return answer
        raise _refusal(answer)


def _once() -> dict[str, str]:
    """A key by which the API recognises a request that is sent again."""
    return {"Idempotency-Key": uuid.uuid4().hex}


def _present(params: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in params.items() if value is not None}


def _body(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as exc:
        url = f"{answer.request.url.scheme}://{answer.request.url.netloc.decode()}"
        raise CliError(f"{url} does not answer as a rollout API would (no JSON).") from exc


def _refusal(answer: httpx.Response) -> ApiError:
    problem: Json = {}
    if "json" in answer.headers.get("content-type", ""):
        body = _body(answer)
        problem = body if isinstance(body, dict) else {}
    if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY and _has_faults(problem):
        return ImportRefusedError(status=answer.status_code, problem=problem)
    fallback = f"{answer.request.url.path} answered {answer.status_code} {answer.reason_phrase}."
    return ApiError(status=answer.status_code, problem=problem, fallback=fallback)


def _has_faults(problem: Json) -> bool:
    errors = problem.get("errors")
    return isinstance(errors, list) and all("line" in error for error in errors) and bool(errors)


def _trouble(operation: Mapping[str, Any]) -> str:
    """Why a running operation cannot go on at the moment, if it says so."""
    return _reason(operation) if operation.get("status") == "running" else ""


def _reason(operation: Mapping[str, Any]) -> str:
    error = operation.get("error")
    parts = (error.get("message"), error.get("do")) if isinstance(error, dict) else (error,)
    return " ".join(str(part) for part in parts if part)


def _failure(operation: Mapping[str, Any]) -> str:
    reason = _reason(operation)
    return f"The {operation.get('kind', 'operation')} failed: {reason or 'no reason is given'}"


def _unreachable(base_url: str, exc: httpx.TransportError) -> str:
    if isinstance(exc, httpx.TimeoutException):
        what = "does not answer in time"
    elif isinstance(exc, httpx.ConnectError):
        what = "cannot be reached (nothing listens there)"
    else:
        what = "broke off the connection"
    start = (
        "Start it with `rollout lab up`; its log is .rollout/logs/host.log."
        if is_loopback(base_url)
        else "Check the address, or name another with --api."
    )
    return f"The rollout API at {base_url} {what}. {start}"
