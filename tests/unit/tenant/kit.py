"""A small tenant to ask things of, and a clock that the test moves."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from teams_rollout.tenant.app import TenantApp
from teams_rollout.tenant.build import Settings, build

TENANT = "11111111-2222-4333-8444-555555555555"
E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"
VOICE = "e43b5b99-8dfb-405f-9987-dc307f34bcbd"
ESSENTIALS = "fde42873-30b6-436b-b361-21af5a6b84ae"
TEAMS1 = "57ff2da0-773e-42df-b2af-ffb7a2317929"
EXCHANGE = "efb87545-963c-4e0d-99df-69c6916d9eb0"
YAMMER = "7547a3fe-08ee-4ccb-b430-5077c5041653"
MCOEV = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7"
TEAMS_ESSENTIALS = "42a3ec34-28ba-46b6-992f-db53a675ac5b"

ANN = "a0000000-0000-4000-8000-000000000001"
BOB = "a0000000-0000-4000-8000-000000000002"
EVE = "a0000000-0000-4000-8000-000000000003"
GUEST = "a0000000-0000-4000-8000-000000000004"
GROUP = "b0000000-0000-4000-8000-000000000001"
TEAM = "b0000000-0000-4000-8000-000000000002"

NO_LAG = 0


def user(object_id: str, upn: str, **more: Any) -> dict[str, Any]:
    """One seed user: an enabled member in GB without a licence unless said otherwise."""
    first, _, last = upn.partition("@")[0].partition(".")
    row = {
        "id": object_id,
        "userPrincipalName": upn,
        "mail": upn,
        "displayName": f"{first.title()} {last.title()}",
        "givenName": first.title(),
        "surname": last.title(),
        "department": "Housing",
        "jobTitle": "Officer",
        "accountEnabled": True,
        "userType": "Member",
        "usageLocation": "GB",
        "employeeId": f"E{object_id[-3:]}",
        "onPremisesSyncEnabled": True,
        "sfbHoming": "none",
        "assignedLicenses": [],
        "memberOf": [],
        "policies": {},
        "telephoneNumbers": [],
    }
    return {**row, **more}


def plan(plan_id: str, name: str) -> dict[str, str]:
    """One service plan of the seed."""
    return {
        "servicePlanId": plan_id,
        "servicePlanName": name,
        "appliesTo": "User",
        "provisioningStatus": "Success",
    }


def sku(sku_id: str, name: str, seats: int, *plans: dict[str, str]) -> dict[str, Any]:
    """One SKU of the seed."""
    return {
        "skuId": sku_id,
        "skuPartNumber": name,
        "enabled": seats,
        "servicePlans": list(plans),
    }


def seed(
    users: list[dict[str, Any]] | None = None,
    *,
    seats: int = 10,
    groups: list[dict[str, Any]] | None = None,
    teams: list[dict[str, Any]] | None = None,
    **tenant: Any,
) -> dict[str, Any]:
    """A tenant with three SKUs, two of which exclude each other, and no lags unless asked."""
    tenant.setdefault("lag", NO_LAG)
    people = (
        users
        if users is not None
        else [
            user(ANN, "ann.o'brien@example.gov.uk"),
            user(BOB, "bob.smith@example.gov.uk"),
            user(EVE, "eve.jones@example.gov.uk"),
            user(GUEST, "guest_other.org#EXT#@example.gov.uk", userType="Guest"),
        ]
    )
    return {
        "tenant": {
            "id": TENANT,
            "displayName": "Borough",
            "domain": "example.gov.uk",
            "country": "GB",
            "skypeOnline": True,
            **tenant,
        },
        "skus": [
            sku(
                E3,
                "SPE_E3",
                seats,
                plan(TEAMS1, "TEAMS1"),
                plan(EXCHANGE, "EXCHANGE_S_ENTERPRISE"),
                plan(YAMMER, "YAMMER_ENTERPRISE"),
            ),
            sku(VOICE, "MCOEV", seats, plan(MCOEV, "MCOEV")),
            sku(
                ESSENTIALS,
                "TEAMS_ESSENTIALS_AAD",
                seats,
                plan(TEAMS_ESSENTIALS, "TEAMS_ESSENTIALS"),
            ),
        ],
        "mutuallyExclusivePlans": [[TEAMS1, TEAMS_ESSENTIALS]],
        "users": people,
        "groups": groups or [],
        "teams": teams or [],
        "policies": [
            {"type": "TeamsUpgradePolicy", "names": ["Islands", "SfBOnly", "UpgradeToTeams"]},
            {"type": "TeamsMeetingPolicy", "names": ["AllOn", "Frontline"]},
        ],
    }


def group(object_id: str, name: str, **more: Any) -> dict[str, Any]:
    """One seed group: an empty Microsoft 365 group unless said otherwise."""
    return {
        "id": object_id,
        "displayName": name,
        "mailNickname": name.lower().replace(" ", "-"),
        "groupTypes": ["Unified"],
        "securityEnabled": False,
        "mailEnabled": True,
        "assignedLicenses": [],
        "members": [],
        "owners": [],
        **more,
    }


def with_team(**more: Any) -> dict[str, Any]:
    """A tenant with one team, owned by Eve."""
    return seed(
        groups=[group(TEAM, "Housing", owners=[EVE])],
        teams=[{"id": TEAM, "displayName": "Housing", "channels": ["General"], "archived": False}],
        **more,
    )


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def code(self) -> str:
        """The error code."""
        return str(self.body["error"]["code"])

    @property
    def message(self) -> str:
        """The error message."""
        return str(self.body["error"]["message"])


class Tenant:
    """The simulator in this process, asked through its ASGI interface."""

    def __init__(self, start: dict[str, Any] | None = None, **settings: Any) -> None:
        self.now = 1_800_000_000.0
        faults = settings.pop("faults", None)
        settings.setdefault("limits", 1000)
        self.sim = build(
            start if start is not None else seed(),
            settings=Settings(**settings),
            faults=faults,
            clock=lambda: self.now,
        )
        self.app = TenantApp(self.sim)

    def raw(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send a request as it is, without a token."""
        return asyncio.run(self._send(method, path, body, headers or {}))

    async def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Reply:
        target, _, query = path.partition("?")
        payload = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        scope = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": target,
            "raw_path": quote(target, safe="/%$()',=:@!~*+").encode(),
            "query_string": quote(query, safe="%=&$,()':/+~*\"").encode(),
            "headers": [
                (b"host", b"tenant.test"),
                *((k.lower().encode(), v.encode()) for k, v in headers.items()),
            ],
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": payload, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        raw = sent[1]["body"]
        reply_headers = {k.decode().lower(): v.decode() for k, v in sent[0]["headers"]}
        is_json = (
            "json" in reply_headers.get("content-type", "")
            and "nd" not in reply_headers["content-type"]
        )
        return Reply(sent[0]["status"], reply_headers, json.loads(raw) if raw and is_json else raw)

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """Send a Graph request with a token; `path` is relative to the version root."""
        given = {"Authorization": "Bearer token", **(headers or {})}
        if body is not None:
            given.setdefault("Content-Type", "application/json")
        return self.raw(method, f"/v1.0{path}", body, given)

    def get(self, path: str, **headers: str) -> Reply:
        """GET."""
        return self.call("GET", path, headers=headers)

    def post(self, path: str, body: Any = None) -> Reply:
        """POST."""
        return self.call("POST", path, body)

    def batch(self, *items: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Send one envelope and return the answers by id."""
        reply = self.post("/$batch", {"requests": list(items)})
        assert reply.status == 200, reply.body
        return {row["id"]: row for row in reply.body["responses"]}

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def effects(self) -> list[dict[str, Any]]:
        """Everything that changed so far."""
        return [json.loads(x) for x in self.raw("GET", "/_tenant/effects").body.splitlines()]

    def kinds(self) -> list[str]:
        """The kinds of everything that changed so far."""
        return [x["kind"] for x in self.effects()]

    def state(self) -> dict[str, Any]:
        """The tenant in seed shape."""
        state: dict[str, Any] = self.raw("GET", "/_tenant/state").body
        return state

    def state_of(self, object_id: str) -> dict[str, Any]:
        """One user of the state."""
        return next(x for x in self.state()["users"] if x["id"] == object_id)

    def requests(self) -> dict[str, Any]:
        """The counters."""
        report: dict[str, Any] = self.raw("GET", "/_tenant/requests").body
        return report

    def change(self, *changes: dict[str, Any]) -> Reply:
        """Do something an administrator does."""
        return self.raw("POST", "/_tenant/changes", list(changes))

    def licence(self, object_id: str, *add: dict[str, Any], remove: tuple[str, ...] = ()) -> Reply:
        """assignLicense."""
        body = {"addLicenses": list(add), "removeLicenses": list(remove)}
        return self.post(f"/users/{object_id}/assignLicense", body)


def bind(object_id: str) -> str:
    """A reference as Graph wants it."""
    return f"https://graph.microsoft.com/v1.0/users/{object_id}"


def member(object_id: str, *roles: str) -> dict[str, Any]:
    """A conversation member as Graph wants it."""
    return {
        "@odata.type": "microsoft.graph.aadUserConversationMember",
        "roles": list(roles),
        "user@odata.bind": f"https://graph.microsoft.com/v1.0/users('{object_id}')",
    }
