"""The groups that give profiles their licences: found by id or name, and whether they take people.

Synchronised groups and groups filled by a rule take nobody from us, which is said before any write.
"""

from collections.abc import Iterable, Sequence

from graph.groups import GraphGroup
from teams_rollout.domain.configuration import RolloutConfig
from teams_rollout.domain.observed import GroupLicense, LicenseGroup


def find_license_groups(
    config: RolloutConfig, groups: Iterable[GraphGroup]
) -> dict[str, LicenseGroup]:
    """The licensing group of every profile that has one, by the profile's word for it (folded)."""
    wanted = {p.group_key for p in config.profiles.values() if p.group_key}
    known = list(groups) if wanted else []
    return {name: _found(name, known) for name in sorted(wanted)}


def _found(name: str, groups: Sequence[GraphGroup]) -> LicenseGroup:
    """The group of that id, else the only one of that name: nobody is put in one by chance."""
    named = [g for g in groups if name in (g.display_name.casefold(), g.mail_nickname.casefold())]
    matches = [g for g in groups if g.id.casefold() == name] or named
    if len(matches) != 1:
        return LicenseGroup(code="group_not_found")
    group = matches[0]
    return LicenseGroup(
        group_id=group.id,
        name=group.display_name,
        licenses=tuple(
            GroupLicense(sku_id=x.sku_id, disabled_plans=x.disabled_plans) for x in group.licenses
        ),
        code=_closed_to_us(group),
    )


def _closed_to_us(group: GraphGroup) -> str:
    if group.on_premises_sync_enabled:
        return "group_managed_on_premises"
    return "group_filled_by_rule" if group.has_rule else ""
