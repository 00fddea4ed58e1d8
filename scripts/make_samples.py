"""Writes an invented council: rollout.toml, users.csv, teams.csv, tenant.json.gz, expected.csv.

    python scripts/make_samples.py --out samples
    python scripts/make_samples.py --people 6000 --waves 6 --seed 7 --seats-short 12 --out DIR

The same options give the same files. `expected.csv` says how every person must end when all waves
have closed without faults; tests, demo and benchmarks compare with it.
"""

import argparse
import csv
import gzip
import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import council_names as names
from council import Person, Recipe, RecipeError, make_people, owners_of
from council_tenant import LICENSING_GROUP, Json, make_tenant

USER_COLUMNS = [
    "upn",
    "employee_id",
    "wave",
    "profile",
    "priority",
    "teams",
    "phone_number",
    "hold_until",
    "coexistence_mode",
]
TEAM_COLUMNS = [
    "team",
    "display_name",
    "owners",
    "channels",
    "visibility",
    "mail_nickname",
    "existing_team_id",
]
EXPECTED_COLUMNS = ["upn", "id", "kind", "state", "code"]
FAR_FUTURE = "2099-01-01"

ROLLOUT_TOML = """\
[rollout]
name = "Teams for Llanfair-on-Sea"
tenant_id = "{tenant_id}"
usage_location = "GB"
timezone = "Europe/London"
batch_size = 100
canary_size = 20

[skype]
on_premises = "hand_off"
{pilot}
[profiles.office]
skus = ["SPE_E3"]
{office_licensing}
coexistence_mode = "TeamsOnly"
policies = {{ TeamsMeetingPolicy = "AllOn" }}

[profiles.voice]
skus = ["SPE_E3", "MCOEV"]
licensing = "direct"
coexistence_mode = "TeamsOnly"
policies = {{ TeamsMeetingPolicy = "AllOn" }}

[profiles.frontline]
skus = ["SPE_F1"]
licensing = "direct"
coexistence_mode = "TeamsOnly"
policies = {{ TeamsMeetingPolicy = "Frontline", TeamsMessagingPolicy = "Frontline" }}
"""
DIRECT_TOML = 'licensing = "direct"'
GROUP_TOML = f'licensing = "group"\nlicense_group = "{LICENSING_GROUP}"'
PILOT_TOML = """
[waves.pilot]
title = "Pilot"
pilot = true
"""


def main() -> int:
    """Writes the files; 0, or 64 with one sentence when the recipe cannot be."""
    options = _options()
    recipe = Recipe(
        people=options.people,
        waves=options.waves,
        seed=options.seed,
        seats_short=options.seats_short,
        skype_online=not options.no_skype_online,
        kinds=dict(options.kind),
    )
    try:
        people = make_people(recipe)
    except RecipeError as error:
        sys.stderr.write(f"make_samples: {error}\n")
        return 64
    write_council(options.out, recipe=recipe, people=people, through_group=options.group_licensing)
    return 0


def write_council(
    folder: Path, *, recipe: Recipe, people: list[Person], through_group: bool = False
) -> None:
    """Writes the five files into the folder, which is made if need be.

    Args:
        through_group: office staff get their licence through a group; they end alike.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tenant = make_tenant(recipe, people)
    toml = ROLLOUT_TOML.format(
        tenant_id=tenant["tenant"]["id"],
        pilot=PILOT_TOML if recipe.waves > 1 else "",
        office_licensing=GROUP_TOML if through_group else DIRECT_TOML,
    )
    (folder / "rollout.toml").write_text(toml, encoding="utf-8")
    # A byte order mark, as the spreadsheet program of most councils writes it.
    _write_csv(folder / "users.csv", USER_COLUMNS, map(_user_row, people), encoding="utf-8-sig")
    _write_csv(folder / "teams.csv", TEAM_COLUMNS, _team_rows(recipe, people, tenant))
    _write_csv(folder / "expected.csv", EXPECTED_COLUMNS, map(_expected_row, people))
    (folder / "tenant.json.gz").write_bytes(_compressed(tenant))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make an invented council.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the five files")
    parser.add_argument("--people", type=int, default=250)
    parser.add_argument("--waves", type=int, default=3, help="the pilot included")
    parser.add_argument("--seed", type=int, default=2020)
    parser.add_argument("--seats-short", type=int, default=0, metavar="K")
    parser.add_argument("--no-skype-online", action="store_true", help="the world after 2021")
    parser.add_argument(
        "--group-licensing", action="store_true", help="license office staff through a group"
    )
    parser.add_argument(
        "--kind",
        type=_kind,
        action="append",
        default=[],
        metavar="KIND=N",
        help="how many people of a kind, instead of the usual share",
    )
    return parser.parse_args()


def _kind(text: str) -> tuple[str, int]:
    kind, _, count = text.partition("=")
    return kind, int(count)


def _user_row(person: Person) -> list[str]:
    written = {
        "upn": (person.upn, ""),
        "sloppy upn": (f"  {person.upn.upper()} ", ""),
        "employee_id": ("", person.employee_id),
    }[person.written_by]
    return [
        *written,
        person.wave,
        person.profile,
        person.priority,
        ";".join(person.teams),
        person.phone_number,
        FAR_FUTURE if person.kind == "on_hold" else "",
        "SfBWithTeamsCollab" if person.kind == "mode_kept" else "",
    ]


def _team_rows(recipe: Recipe, people: list[Person], tenant: Json) -> Iterable[list[str]]:
    """One row for each team that anybody is to join."""
    wanted = dict.fromkeys(team for person in people for team in person.teams)
    for team in wanted:
        existing = tenant["teams"][0]["id"] if team == names.EXISTING_TEAM else ""
        nickname = names.TAKEN_NICKNAME if team == names.TAKEN_TEAM else ""
        owners = "" if existing else ";".join(_owner_upns(recipe, people, team))
        yield [team, team, owners, "General;Notices", "Private", nickname, existing]


def _owner_upns(recipe: Recipe, people: list[Person], team: str) -> list[str]:
    if team != names.OWNERLESS_TEAM:
        return [person.upn for person in owners_of(team, people)]
    left = next((person.upn for person in people if person.kind == "disabled"), None)
    return [left or f"long.gone@{recipe.domain}"]


def _expected_row(person: Person) -> list[str]:
    known = "" if person.kind == "not_found" else person.id
    return [person.upn, known, person.kind, person.state, person.code]


def _write_csv(
    path: Path, columns: list[str], rows: Iterable[list[str]], *, encoding: str = "utf-8"
) -> None:
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _compressed(tenant: Json) -> bytes:
    """Compact JSON, without a time stamp: the same council gives the same bytes."""
    text = json.dumps(tenant, ensure_ascii=False, separators=(",", ":"))
    target = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as packed:
        packed.write(text.encode())
    return target.getvalue()


if __name__ == "__main__":
    sys.exit(main())
