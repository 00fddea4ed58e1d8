"""Makes the people of an invented council: who they are, what they hold, how each must end.

Everything follows from the recipe: the same recipe gives the same council, person for person. The
end of a kind is what the tenant and `rollout user list` must show when all waves have closed
without faults.
"""

import random
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import council_names as names

# How many of each kind 250 people hold; everybody else is normal. Other sizes are scaled.
MIX_OF_250: Mapping[str, int] = {
    "no_location": 14,
    "teams_plan_off": 12,
    "onprem": 8,
    "licensed_trimmed": 6,
    "voice": 4,
    "already_done": 4,
    "foreign_location": 3,
    "group_licensed": 3,
    "in_team_has_no_owner": 3,
    "in_team_name_taken": 3,
    "two_groups": 2,
    "mode_kept": 2,
    "number_taken": 2,
    "on_hold": 2,
    "conflict": 2,
    "group_plan_off": 2,
    "not_found": 2,
    "guest": 2,
    "disabled": 2,
}

# Whoever is not here ends as done, without a code.
ENDS: Mapping[str, tuple[str, str]] = {
    "guest": ("skipped", "guest_account"),
    "disabled": ("skipped", "account_disabled"),
    "not_found": ("blocked", "user_not_found"),
    "onprem": ("waiting", "handed_off_server_team"),
    "on_hold": ("waiting", "on_hold"),
    "group_plan_off": ("blocked", "teams_plan_disabled_by_group"),
    "conflict": ("blocked", "conflicting_license"),
    "number_taken": ("blocked", "number_in_use"),
    "in_team_has_no_owner": ("blocked", "team_has_no_owner"),
    "in_team_name_taken": ("blocked", "team_name_taken"),
}
NO_SEATS = ("blocked", "no_seats_left")

# They hold the licence already, from a group or directly, or must never be given one.
TAKES_NO_SEAT = frozenset(
    [
        "already_done",
        "conflict",
        "disabled",
        "group_licensed",
        "group_plan_off",
        "guest",
        "licensed_trimmed",
        "not_found",
        "on_hold",
        "teams_plan_off",
        "two_groups",
    ]
)
_MAY_BE_ONLINE = frozenset(
    ["normal", "no_location", "voice", "number_taken", "in_team_has_no_owner", "in_team_name_taken"]
)
_MAY_BE_FRONTLINE = frozenset(("normal", "no_location"))
_VOICE = frozenset(("voice", "number_taken"))
_ON_PREMISES = frozenset(("onprem", "mode_kept"))
_MAY_OWN = frozenset(("normal", "no_location", "teams_plan_off", "licensed_trimmed"))
_PILOT_SHARE, _PILOT_VOLUNTEERS = 30 / 250, 8 / 30
_GO_ORDER = ("key", "volunteer", "", "vip")


class RecipeError(ValueError):
    """The recipe asks for a council that cannot be."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What council to make.

    `kinds` overrides the number of people of a kind; `seats_short` is how many people of the last
    wave find no licence; `skype_online` is the world of 2020, without it nobody is homed online.
    """

    people: int = 250
    waves: int = 3
    seed: int = 2020
    seats_short: int = 0
    skype_online: bool = True
    domain: str = "llanfair.example"
    council: str = "Borough of Llanfair-on-Sea"
    kinds: Mapping[str, int] = field(default_factory=dict)

    def wave_names(self) -> list[str]:
        """The pilot, then numbered waves; a single wave is no pilot."""
        if self.waves == 1:
            return ["1"]
        return ["pilot", *(str(number) for number in range(1, self.waves))]


@dataclass(frozen=True, kw_only=True)
class Person:
    """One row of users.csv, the directory entry behind it, and how it must end."""

    number: int
    id: str
    kind: str
    given: str
    surname: str
    upn: str
    wave: str
    profile: str
    priority: str
    department: str
    post: str
    homing: str
    mode_before: str
    teams: tuple[str, ...]
    phone_number: str
    state: str
    code: str
    written_by: str

    @property
    def employee_id(self) -> str:
        """The payroll number; some rows of the file know only that."""
        return f"L{self.number:06d}"

    @property
    def needs_seat(self) -> bool:
        """Whether the rollout has to find an office licence for this person."""
        return self.profile != "frontline" and self.kind not in TAKES_NO_SEAT


def make_people(recipe: Recipe) -> list[Person]:
    """All people of the council in file order.

    Raises:
        RecipeError: an unknown kind, more special people than people, or a shortage that the last
            wave cannot bear.
    """
    rng = random.Random(recipe.seed)
    numbers = names.telephone_numbers()
    taken: Counter[str] = Counter()
    people = [
        _person(recipe, rng, number=number, kind=kind, wave=wave, taken=taken, numbers=numbers)
        for number, (kind, wave) in enumerate(_places(recipe, rng), start=1)
    ]
    return _without_seats(recipe, people)


def owners_of(team: str, people: list[Person]) -> list[Person]:
    """The first two members who can own the team, else the first two people who can own any."""
    members = [person for person in people if team in person.teams]
    usable = [person for person in members if person.kind in _MAY_OWN]
    return (usable or [person for person in people if person.kind in _MAY_OWN])[:2]


def new_id(rng: random.Random) -> str:
    """A random-looking id that the seed decides."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _places(recipe: Recipe, rng: random.Random) -> list[tuple[str, str]]:
    """Kind and wave of everybody, in file order: wave by wave, kinds spread by chance."""
    if unknown := set(recipe.kinds) - set(MIX_OF_250):
        raise RecipeError(f"no such kind: {', '.join(sorted(unknown))}")
    wanted = {
        kind: recipe.kinds.get(kind, int(recipe.people * count / 250 + 0.5))
        for kind, count in MIX_OF_250.items()
    }
    special = [kind for kind, count in wanted.items() for _ in range(count)]
    if len(special) > recipe.people:
        raise RecipeError(f"{len(special)} people of special kinds among {recipe.people}")
    kinds = special + ["normal"] * (recipe.people - len(special))
    rng.shuffle(kinds)
    waves = _waves(recipe)
    if recipe.seats_short:
        if recipe.waves == 1 and "conflict" in kinds:
            raise RecipeError("too few licences in a single wave needs --kind conflict=0")
        kinds = _conflicts_first(kinds)
    return list(zip(kinds, waves, strict=True))


def _conflicts_first(kinds: list[str]) -> list[str]:
    """Moves conflicts to the front: a seat reserved for one and given back would be anybody's."""
    conflicts = [kind for kind in kinds if kind == "conflict"]
    return conflicts + [kind for kind in kinds if kind != "conflict"]


def _waves(recipe: Recipe) -> list[str]:
    wave_names = recipe.wave_names()
    pilot = round(recipe.people * _PILOT_SHARE) if recipe.waves > 1 else 0
    numbered = [name for name in wave_names if name != "pilot"]
    rest = recipe.people - pilot
    return ["pilot"] * pilot + [numbered[place * len(numbered) // rest] for place in range(rest)]


def _person(
    recipe: Recipe,
    rng: random.Random,
    *,
    number: int,
    kind: str,
    wave: str,
    taken: Counter[str],
    numbers: Iterator[str],
) -> Person:
    given, surname = rng.choice(names.GIVEN), rng.choice(names.SURNAMES)
    profile = _profile(kind, rng)
    department = rng.choice(_departments(recipe))
    homing = _homing(recipe, kind, rng)
    state, code = ENDS.get(kind, ("done", ""))
    return Person(
        number=number,
        id=new_id(rng),
        kind=kind,
        given=given,
        surname=surname,
        upn=_upn(
            recipe, kind=kind, local=f"{names.folded(given)}.{names.folded(surname)}", taken=taken
        ),
        wave=wave,
        profile=profile,
        priority=_priority(recipe, wave, rng, number=number),
        department=department,
        post=rng.choice(names.FRONTLINE_POSTS if profile == "frontline" else names.POSTS),
        homing=homing,
        mode_before=_mode_before(homing, rng),
        teams=_teams(recipe, kind, department=department, rng=rng),
        phone_number=next(numbers) if kind in _VOICE else "",
        state=state,
        code=code,
        written_by=_written_by(kind, rng),
    )


def _profile(kind: str, rng: random.Random) -> str:
    if kind in _VOICE:
        return "voice"
    return "frontline" if kind in _MAY_BE_FRONTLINE and rng.random() < 0.1 else "office"


def _departments(recipe: Recipe) -> tuple[str, ...]:
    """A handful of people make one department, a town hall makes all of them."""
    return names.DEPARTMENTS[: max(1, recipe.people // 5)]


def _homing(recipe: Recipe, kind: str, rng: random.Random) -> str:
    if kind in _ON_PREMISES:
        return "onPremises"
    online = recipe.skype_online and kind in _MAY_BE_ONLINE and rng.random() < 0.5
    return "online" if online else "none"


def _mode_before(homing: str, rng: random.Random) -> str:
    """The coexistence mode that stood before we came; nobody chose one for people without Skype."""
    choices = {
        "online": ("Islands", "SfBOnly", "SfBWithTeamsCollab"),
        "onPremises": ("SfBOnly", "SfBWithTeamsCollabAndMeetings"),
        "none": ("",),
    }
    return rng.choice(choices[homing])


def _upn(recipe: Recipe, *, kind: str, local: str, taken: Counter[str]) -> str:
    taken[local] += 1
    unique = local if taken[local] == 1 else f"{local}{taken[local]}"
    if kind == "guest":
        return f"{unique}_partner.example#EXT#@{recipe.domain}"
    return f"{unique}@{recipe.domain}"


def _priority(recipe: Recipe, wave: str, rng: random.Random, *, number: int) -> str:
    """Every fourth or so of the pilot volunteered; elsewhere one in twenty did."""
    if wave == "pilot":
        pilot = round(recipe.people * _PILOT_SHARE)
        return "volunteer" if number > pilot - round(pilot * _PILOT_VOLUNTEERS) else ""
    draw = rng.random()
    return "volunteer" if draw < 0.05 else "key" if draw < 0.07 else "vip" if draw < 0.08 else ""


def _teams(recipe: Recipe, kind: str, *, department: str, rng: random.Random) -> tuple[str, ...]:
    if kind == "already_done":
        return ()
    extra = {
        "in_team_has_no_owner": names.OWNERLESS_TEAM,
        "in_team_name_taken": names.TAKEN_TEAM,
    }.get(kind)
    if extra is None and recipe.people >= 50 and rng.random() < 0.15:
        extra = rng.choice((*names.PROJECTS, names.EXISTING_TEAM))
    return (department,) if extra is None else (department, extra)


def _written_by(kind: str, rng: random.Random) -> str:
    """How the row names the person: cleanly, sloppily, or by payroll number alone."""
    draw = rng.random()
    if kind in ("guest", "not_found") or draw >= 0.12:
        return "upn"
    return "employee_id" if draw < 0.07 else "sloppy upn"


def _without_seats(recipe: Recipe, people: list[Person]) -> list[Person]:
    """Marks those for whom no licence is left: the last of the last wave, in the order of going."""
    if not recipe.seats_short:
        return people
    last_wave = recipe.wave_names()[-1]
    going = sorted(
        (person for person in people if person.wave == last_wave and person.needs_seat),
        key=lambda person: _GO_ORDER.index(person.priority),
    )
    if recipe.seats_short > len(going):
        raise RecipeError(f"the last wave needs only {len(going)} licences")
    unlucky = {person.id for person in going[-recipe.seats_short :]}
    state, code = NO_SEATS
    return [
        replace(person, state=state, code=code) if person.id in unlucky else person
        for person in people
    ]
