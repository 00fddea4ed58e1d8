"""Invented names for invented councils: people, departments, posts, reserved telephone numbers.

No entry is a real person. The names come from the languages one hears in a British town hall, so
that diacritics, apostrophes and hyphens meet every part of the system. Telephone numbers are from
the ranges that Ofcom keeps free for drama, so none of them can ring.
"""

import unicodedata
from collections.abc import Iterator

GIVEN = (
    "Aoife", "Agnieszka", "Arjun", "Ayesha", "Bilal", "Bethan", "Caitríona", "Caoimhe", "Ceri",
    "Dafydd", "Daisy", "Deepa", "Edith", "Elżbieta", "Fergus", "Fraser", "Geraint", "Gurpreet",
    "Hamish", "Harriet", "Heledd", "Iestyn", "Ishaan", "Jagoda", "Jasmine", "Kamila", "Kirsty",
    "Llŷr", "Małgorzata", "Michał", "Mòrag", "Nasreen", "Niall", "Olwen", "Paweł", "Pádraig",
    "Rhiannon", "Róisín", "Sachin", "Seòras", "Siân", "Stanley", "Tegan", "Usha", "Winifred",
    "Wojciech", "Yasmin", "Zoë",
)  # fmt: skip

SURNAMES = (
    "Ashworth", "Banerjee", "Barraclough", "Chaudhry", "D'Arcy", "Dąbrowska", "Dhillon",
    "Fairweather", "Gallacher", "Gwilym", "Harrington", "Hughes-Price", "Iyer", "Jabłoński",
    "Kinsella", "Llewellyn", "MacAskill", "Mazur", "McTavish", "Mistry", "Ní Dhónaill", "O'Hagan",
    "Ó Súilleabháin", "Prosser", "Prydderch", "Qureshi", "Rahman", "Sandhu", "Sinclair", "Stańczyk",
    "Thistlethwaite", "Tŷ-Gwyn", "Urquhart", "Venkataraman", "Wójcik", "Żebrowska",
)  # fmt: skip

DEPARTMENTS = (
    "Benefits and Council Tax",
    "Democratic Services",
    "Harbour and Coast",
    "Highways and Lighting",
    "Housing Repairs",
    "Library Service",
    "Parks and Cemeteries",
    "Schools Support",
    "Town Hall Front Desk",
    "Trading Standards",
)
PROJECTS = ("Flood Recovery", "Promenade Renewal")
EXISTING_TEAM = "Lifeboat Day"
OWNERLESS_TEAM = "Old Pier Archive"
TAKEN_TEAM = "Gritting Rota"
TAKEN_NICKNAME = "gritting-rota"

POSTS = ("Adviser", "Assistant", "Caseworker", "Coordinator", "Inspector", "Team Leader")
FRONTLINE_POSTS = ("Caretaker", "Driver", "Gardener", "Warden")

_DRAMA_PREFIXES = (
    "+442079460", "+441632960", "+441134960", "+441144960", "+441154960", "+441164960",
    "+441174960", "+441184960", "+441214960", "+441314960", "+441414960", "+441514960",
    "+441614960", "+441914980",
)  # fmt: skip
_UNDECOMPOSED = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "ß": "ss"})


def folded(name: str) -> str:
    """The name as directories write it: lower case, no accents, no blanks; apostrophes stay."""
    decomposed = unicodedata.normalize("NFKD", name.translate(_UNDECOMPOSED))
    ascii_only = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return ascii_only.replace(" ", "").lower()


def telephone_numbers() -> Iterator[str]:
    """Numbers in E.164 form that are kept free for drama; 14,000 of them."""
    for prefix in _DRAMA_PREFIXES:
        for last in range(1000):
            yield f"{prefix}{last:03d}"
