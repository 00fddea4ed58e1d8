"""Registers the app that people sign in to; shows only, unless told to apply. Safe to repeat.

Run twice: before the deployment, because the template asks for the client id that it prints; and
after it with `--host` and `--identity`, because only then are the app's address and identity known.
"""

import argparse
import sys
from collections.abc import Sequence

from infra.entra import azure_cli
from infra.entra.azure_cli import AzureCliError, Json, NotFoundError
from infra.entra.registration import differences, wanted

DONE, ERROR, PENDING = 0, 1, 2
AUDIENCE = "api://AzureADTokenExchange"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: all is as it should be; 2: shown and not applied; 1: error."""
    asked = _parser().parse_args(arguments)
    try:
        return _run(asked)
    except AzureCliError as error:
        print(error, file=sys.stderr)
        return ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="infra/register-app", description=__doc__)
    parser.add_argument("--name", default="Teams Rollout", help="what people see at sign-in")
    parser.add_argument("--unique-name", default="teams-rollout", help="how a second run finds it")
    parser.add_argument("--host", default="", help="name of the deployed app (ROLLOUT_APP_HOST)")
    parser.add_argument(
        "--identity", default="", help="object id of its identity (ROLLOUT_IDENTITY_PRINCIPAL_ID)"
    )
    parser.add_argument("--apply", action="store_true", help="make and change it")
    return parser


def _run(asked: argparse.Namespace) -> int:
    tenant = azure_cli.signed_in_tenant()
    print(f"Tenant {tenant}, registration {asked.unique_name}")
    app = _find(asked.unique_name)
    if not app and not asked.apply:
        print(f"  missing  registration {asked.name!r} with its four roles")
        print("Nothing was changed: repeat it with --apply.")
        return PENDING
    if not app:
        app = _save(asked.unique_name, wanted(asked.name, app_id="", host=asked.host))
        print("  made     registration")
    open_points = [
        *_see_to_registration(app, asked),
        *_see_to_principal(app, apply=asked.apply),
        *_see_to_proof(app, asked, tenant=tenant),
    ]
    print(f"Client id: {app['appId']}")
    print(f"  azd env set ROLLOUT_SIGN_IN_CLIENT_ID {app['appId']}")
    if open_points and not asked.apply:
        print("Nothing was changed: repeat it with --apply.")
        return PENDING
    return DONE


def _path(unique_name: str) -> str:
    quoted = unique_name.replace("'", "''")
    return f"/applications(uniqueName='{quoted}')"


def _find(unique_name: str) -> Json | None:
    try:
        return azure_cli.request("get", _path(unique_name))
    except NotFoundError:
        return None


def _save(unique_name: str, changes: Json) -> Json:
    """Make or change the registration under its unique name; a repeat cannot make a second one."""
    headers = {"Prefer": "create-if-missing"}
    azure_cli.request("patch", _path(unique_name), body=changes, headers=headers)
    app = _find(unique_name)
    if app is None:
        raise AzureCliError("The directory does not show the registration yet. Repeat in a minute.")
    return app


def _see_to_registration(app: Json, asked: argparse.Namespace) -> list[str]:
    changes = differences(app, wanted(asked.name, app_id=app["appId"], host=asked.host))
    for name in changes:
        _tell(f"registration: {name}", applied=asked.apply)
    if changes and asked.apply:
        _save(asked.unique_name, changes)
    return list(changes)


def _see_to_principal(app: Json, *, apply: bool) -> list[str]:
    """Only people with a role may sign in at all."""
    closed: Json = {"appRoleAssignmentRequired": True}
    try:
        principal = azure_cli.request("get", f"/servicePrincipals(appId='{app['appId']}')")
    except NotFoundError:
        _tell("enterprise application, for people with a role only", applied=apply)
        if apply:
            azure_cli.request("post", "/servicePrincipals", body={"appId": app["appId"], **closed})
        return ["principal"]
    if principal.get("appRoleAssignmentRequired"):
        return []
    _tell("enterprise application: closed to people without a role", applied=apply)
    if apply:
        azure_cli.request("patch", f"/servicePrincipals/{principal['id']}", body=closed)
    return ["principal"]


def _see_to_proof(app: Json, asked: argparse.Namespace, *, tenant: str) -> list[str]:
    """The app's identity vouches for it at sign-in, so that there is no secret to renew."""
    if not asked.identity:
        return []
    path = f"/applications/{app['id']}/federatedIdentityCredentials"
    if any(row.get("subject") == asked.identity for row in azure_cli.get_all(path)):
        return []
    _tell("the app's identity as proof, instead of a secret", applied=asked.apply)
    if asked.apply:
        body: Json = {
            "name": "app-identity",
            "issuer": f"https://login.microsoftonline.com/{tenant}/v2.0",
            "subject": asked.identity,
            "audiences": [AUDIENCE],
        }
        azure_cli.request("post", path, body=body)
    return ["proof"]


def _tell(what: str, *, applied: bool) -> None:
    print(f"  {'set' if applied else 'missing':8} {what}")


if __name__ == "__main__":
    sys.exit(main())
