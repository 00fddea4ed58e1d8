"""Knocks at the app's own address from outside: as a stranger, and as one who forges a sign-in.

App Service authentication (EasyAuth) must answer both. The forged header is the one that the app
believes (`identity`), so an app that is reached without EasyAuth gives itself away here.
"""

import base64
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from teams_rollout.entrypoints.identity import PRINCIPAL_HEADER, Role

_GUARDED = "/api/v1/waves"
_NOBODY = "00000000-0000-0000-0000-000000000000"
_PATIENCE_S = 15.0  # a cold start may be in between


@dataclass(frozen=True)
class Knock:
    """What the door said.

    Attributes:
        stranger: status for a request without a sign-in.
        forger: status for one with a claim that only EasyAuth may add.
    """

    stranger: int
    forger: int


async def knock(
    base_url: str, *, tenant_id: str, transport: httpx.AsyncBaseTransport | None = None
) -> Knock:
    """Ask for a guarded page twice, reading nothing of the answers but their status.

    A redirect to the sign-in page counts as 401: it is the other way to shut the door.

    Args:
        transport: replaced in tests; None = the network.

    Raises:
        httpx.HTTPError: nobody answered.
    """
    async with httpx.AsyncClient(
        base_url=base_url, transport=transport, timeout=_PATIENCE_S, trust_env=False
    ) as client:
        stranger = await client.get(_GUARDED)
        forger = await client.get(_GUARDED, headers={PRINCIPAL_HEADER: _forged(tenant_id)})
    return Knock(stranger=_status(stranger), forger=_status(forger))


def _status(answer: httpx.Response) -> int:
    target = urlsplit(answer.headers.get("location", ""))
    asks_to_sign_in = target.path.startswith("/.auth/login/") or target.netloc.startswith("login.")
    return 401 if answer.is_redirect and asks_to_sign_in else answer.status_code


def _forged(tenant_id: str) -> str:
    claims = {"tid": tenant_id, "oid": _NOBODY, "roles": Role.REPORT.value}
    principal = {
        "auth_typ": "aad",
        "role_typ": "roles",
        "claims": [{"typ": name, "val": value} for name, value in claims.items()],
    }
    return base64.b64encode(json.dumps(principal).encode()).decode()
