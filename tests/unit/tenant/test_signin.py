"""The sign-in endpoint and the tokens it gives."""

from __future__ import annotations

import base64
import json

from tests.unit.tenant.kit import TENANT, Tenant, seed

FORM = b"grant_type=client_credentials&client_id=app-1&client_secret=s&scope=x"


def sign_in(tenant, name=TENANT, form=FORM):
    return tenant.raw("POST", f"/{name}/oauth2/v2.0/token", form)


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_given_a_secret_when_signing_in_then_a_token_of_this_tenant_that_works():
    tenant = Tenant(seed(grantedPermissions=["User.Read.All"]))

    reply = sign_in(tenant)
    token = reply.body["access_token"]

    assert claims(token)["tid"] == TENANT
    assert claims(token)["roles"] == ["User.Read.All"]
    assert tenant.call("GET", "/users", headers={"Authorization": f"Bearer {token}"}).status == 200
    assert tenant.requests()["sign_ins"] == 1


def test_given_an_old_token_when_used_then_401():
    tenant = Tenant()
    token = sign_in(tenant).body["access_token"]

    tenant.later(3700)

    assert tenant.call("GET", "/users", headers={"Authorization": f"Bearer {token}"}).status == 401


def test_given_another_tenant_or_a_poor_form_when_signing_in_then_refused():
    tenant = Tenant()

    replies = [
        sign_in(tenant, "other"),
        sign_in(tenant, form=b"grant_type=password"),
        sign_in(tenant, form=b"grant_type=client_credentials"),
        sign_in(tenant, form=b"grant_type=client_credentials&client_id=x"),
    ]

    assert [x.status for x in replies] == [400, 400, 400, 401]


def test_given_a_sign_in_library_when_it_discovers_then_the_endpoints_are_here():
    tenant = Tenant()

    found = tenant.raw("GET", f"/{TENANT}/v2.0/.well-known/openid-configuration").body
    instances = tenant.raw("GET", "/common/discovery/instance").body

    assert found["token_endpoint"] == f"http://tenant.test/{TENANT}/oauth2/v2.0/token"
    assert instances["metadata"][0]["aliases"] == ["tenant.test"]


def test_given_the_tenant_by_its_id_when_read_then_found_and_another_one_not():
    tenant = Tenant()

    assert tenant.get(f"/organization/{TENANT}").body["id"] == TENANT
    assert tenant.get("/organization/other").status == 404


def test_given_a_token_that_only_looks_like_one_when_used_then_it_will_do():
    token = {"Authorization": "Bearer a.b.c"}

    assert Tenant().call("GET", "/users", headers=token).status == 200
