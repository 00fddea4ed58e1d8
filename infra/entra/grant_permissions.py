"""Grants the app's identity its permissions on Microsoft Graph; shows only, unless told to apply.

Safe to repeat: what is held, itself or through a broader permission, is not granted again. Nothing
is ever taken away; for what no chosen feature needs it prints the command that would.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from infra.entra import azure_cli, table
from infra.entra.azure_cli import AzureCliError, Json
from infra.entra.table import Permission

DONE, ERROR, PENDING = 0, 1, 2
LATE = "A token that the app already has may lack a new permission for up to 24 hours."


@dataclass(frozen=True)
class Standing:
    """What an identity holds on Graph.

    Attributes:
        graph_id: object id of Graph's service principal in this tenant.
        roles: name by id of every application permission that Graph offers here.
        granted: id of the assignment by name of the permission.
    """

    graph_id: str
    roles: dict[str, str]
    granted: dict[str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: nothing is missing; 2: shown and not applied; 1: error."""
    asked = _parser().parse_args(arguments)
    try:
        return _run(asked)
    except AzureCliError as error:
        print(error, file=sys.stderr)
        return ERROR


def _parser() -> argparse.ArgumentParser:
    _, rows = table.read_table()
    parser = argparse.ArgumentParser(prog="infra/grant-permissions", description=__doc__)
    parser.add_argument("--identity", required=True, help="object id of the app's identity")
    parser.add_argument("--tenant", default="", help="stop unless az is signed in to this tenant")
    parser.add_argument(
        "--features",
        default=",".join(table.ALWAYS),
        help=f"what the rollout uses, with commas: {', '.join(table.features(rows))} (or: all)",
    )
    parser.add_argument("--apply", action="store_true", help="grant what is missing")
    return parser


def _run(asked: argparse.Namespace) -> int:
    graph_app, rows = table.read_table()
    chosen = _chosen(asked.features, known=table.features(rows))
    tenant = azure_cli.signed_in_tenant()
    if asked.tenant and asked.tenant.lower() != tenant.lower():
        raise AzureCliError(f"az is signed in to tenant {tenant}, not {asked.tenant}: az login")
    needed = table.least(rows, chosen)
    standing = _read(graph_app, asked.identity)
    missing = _missing(needed, standing)
    print(f"Tenant {tenant}, identity {asked.identity}, features {', '.join(chosen)}")
    _show(needed, standing)
    _show_unneeded([row for row in rows if row.feature in chosen], standing, asked.identity)
    if not missing:
        print("Nothing is missing.")
        return DONE
    if not asked.apply:
        print(f"{len(missing)} missing. Nothing was changed: repeat it with --apply.")
        return PENDING
    return _apply(missing, standing, asked.identity, graph_app=graph_app)


def _chosen(text: str, *, known: Sequence[str]) -> tuple[str, ...]:
    names = known if text.strip() == "all" else [name.strip() for name in text.split(",")]
    wrong = [name for name in names if name not in known]
    if wrong:
        raise AzureCliError(f"No such feature: {', '.join(wrong)}. There are {', '.join(known)}.")
    return tuple(name for name in known if name in {*names, "reading"})


def _read(graph_app: str, identity: str) -> Standing:
    graph = azure_cli.request("get", f"/servicePrincipals(appId='{graph_app}')?$select=id,appRoles")
    roles = {str(role["id"]): str(role["value"]) for role in graph["appRoles"]}
    try:
        rows = azure_cli.get_all(f"/servicePrincipals/{identity}/appRoleAssignments")
    except azure_cli.NotFoundError as error:
        raise AzureCliError(
            f"There is no identity {identity} in this tenant. It is the object (principal) id of "
            "the managed identity: azd env get-value ROLLOUT_IDENTITY_PRINCIPAL_ID"
        ) from error
    ours = [row for row in rows if row["resourceId"] == graph["id"]]
    granted = {roles.get(str(row["appRoleId"]), "an unknown one"): str(row["id"]) for row in ours}
    return Standing(graph_id=graph["id"], roles=roles, granted=granted)


def _missing(needed: Sequence[Permission], standing: Standing) -> list[Permission]:
    missing = [row for row in needed if not row.held_through(standing.granted)]
    for row in missing:
        if standing.roles.get(row.id) != row.permission:
            raise AzureCliError(
                f"In this tenant {row.id} is {standing.roles.get(row.id, 'unknown')}, not "
                f"{row.permission}: nothing was granted. The table of this version is out of date."
            )
    return missing


def _show(needed: Sequence[Permission], standing: Standing) -> None:
    for row in needed:
        through = row.held_through(standing.granted)
        state = "missing" if not through else "granted" if through == row.permission else "covered"
        words = f"{row.reason} (through {through})" if state == "covered" else row.reason
        print(f"  {state:8} {row.permission:38} {row.feature:15} {words}")


def _show_unneeded(wanted: Sequence[Permission], standing: Standing, identity: str) -> None:
    useful = {name for row in wanted for name in (row.permission, *row.covered_by)}
    for name, assignment in standing.granted.items():
        if name not in useful:
            url = f"{azure_cli.GRAPH}/servicePrincipals/{identity}/appRoleAssignments/{assignment}"
            print(f"  unneeded {name:38} no chosen feature needs it; to take it away:")
            print(f"           az rest --method delete --url {url}")


def _apply(
    missing: Sequence[Permission], standing: Standing, identity: str, *, graph_app: str
) -> int:
    for row in missing:
        body: Json = {
            "principalId": identity,
            "resourceId": standing.graph_id,
            "appRoleId": row.id,
        }
        azure_cli.request(
            "post", f"/servicePrincipals/{standing.graph_id}/appRoleAssignedTo", body=body
        )
        print(f"  granted  {row.permission}")
    left = _missing(missing, _read(graph_app, identity))
    if left:
        names = ", ".join(row.permission for row in left)
        print(f"Granted, and not shown by the directory yet: {names}. Look again in a minute.")
        return PENDING
    print(f"All is granted. {LATE}")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
