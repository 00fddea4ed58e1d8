"""Where a person's Skype for Business account lives, as far as Graph lets one see. Pure.

Graph has no homing attribute (GRAPH fact sheet 4.3): the account type and an explicit
coexistence mode are the only signs, so what was seen before our first write is kept as known.
"""

from teams_rollout.domain.vocabulary import CoexistenceMode, Homing


def infer_homing(
    account_type: str,
    *,
    explicit_mode: CoexistenceMode | None,
    has_teams_license: bool,
    known: Homing | None = None,
) -> Homing:
    """Homing from the account type, with what is already known to settle the ambiguous case.

    A `user` without a Teams licence must be homed online; one with a licence and an explicit
    mode may be either and is taken as online, where granting TeamsOnly is harmless; one with a
    licence and no explicit mode is TeamsOnly already, so `none` is right for our purposes.
    """
    kind = account_type.casefold()
    if kind == "sfbonpremuser":
        return Homing.ON_PREMISES
    if kind != "user":
        return Homing.NONE
    if known in (Homing.ONLINE, Homing.NONE):
        return known
    if not has_teams_license or explicit_mode is not None:
        return Homing.ONLINE
    return Homing.NONE
