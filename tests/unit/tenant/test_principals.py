"""Granted permissions: read by a doctor, extended by an administrator's script."""

from __future__ import annotations

from tests.unit.tenant.kit import TENANT, Tenant, seed

GRAPH_APP = "00000003-0000-0000-c000-000000000000"
MAIL_SEND = "b633e1c5-b582-4048-a93e-9f11b44c7e96"
USER_READ = "df021288-bdef-4463-88db-98f22de89214"
NEEDED = ["Application.Read.All", "AppRoleAssignment.ReadWrite.All", "User.Read.All"]


def graph_principal(tenant):
    return tenant.get(f"/servicePrincipals(appId='{GRAPH_APP}')").body["id"]


def our_principal(tenant):
    return tenant.get(f"/servicePrincipals(appId='{TENANT}')").body["id"]


def roles(tenant):
    rows = tenant.get(f"/servicePrincipals/{our_principal(tenant)}/appRoleAssignments").body[
        "value"
    ]
    return {row["appRoleId"] for row in rows}


def grant(tenant, role=MAIL_SEND):
    graph = graph_principal(tenant)
    body = {"principalId": our_principal(tenant), "resourceId": graph, "appRoleId": role}
    return tenant.post(f"/servicePrincipals/{graph}/appRoleAssignedTo", body)


def test_given_a_restricted_tenant_when_asked_then_only_what_was_granted():
    assert roles(Tenant(seed(grantedPermissions=NEEDED))) == {USER_READ}


def test_given_an_open_tenant_when_asked_then_everything():
    assert MAIL_SEND in roles(Tenant())


def test_given_a_permission_when_granted_then_it_holds_and_works():
    tenant = Tenant(seed(grantedPermissions=NEEDED))
    mail = {"message": {"toRecipients": [{"emailAddress": {"address": "a@example.gov.uk"}}]}}
    path = "/users/bob.smith@example.gov.uk/sendMail"
    before = tenant.post(path, mail).status

    granted, again = grant(tenant), grant(tenant)

    assert (before, granted.status, again.status) == (403, 201, 400)
    assert tenant.post(path, mail).status == 202
    assert tenant.kinds() == ["mail.sent"]


def test_given_an_unknown_permission_when_granted_then_400():
    assert grant(Tenant(seed(grantedPermissions=NEEDED)), TENANT).status == 400
