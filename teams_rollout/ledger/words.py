"""What people can be found by: the words of a person and the words of a question. Pure.

Everything is folded (lower case, no accents) and matched by prefix, so a word that begins
another word of the same person need not be kept.
"""

import re
from collections.abc import Iterable
from itertools import pairwise

from teams_rollout.domain.roster import fold
from teams_rollout.ledger.records import UserRecord

SHORTEST = 2
"""Characters below which a word is neither indexed nor searched for by itself."""

_LONGEST = 120
_APOSTROPHE = re.compile(r"(?<=\w)['`\u00b4\u2018\u2019\u02bc](?=\w)")
_PHONE = re.compile(r"[\d\s()+./-]+")
_TWO_DIGIT_CODES = frozenset(
    {20, 27, *range(30, 35), 36, 39, 40, 41, *range(43, 50), *range(51, 59), *range(60, 67)}
    | {81, 82, 84, 86, *range(90, 96), 98}
)


def words_of(record: UserRecord) -> tuple[str, ...]:
    """Words under which a person is indexed, sorted; none is a prefix of another."""
    assignment, observed = record.assignment, record.observed
    addresses = [record.upn, assignment.upn, assignment.mail]
    staff_numbers = [assignment.employee_id]
    phones = [assignment.phone_number]
    name = ""
    if observed is not None:
        addresses.append(observed.mail)
        staff_numbers.append(observed.employee_id)
        phones += observed.phone_numbers
        name = observed.display_name
    words = _name_words(name)
    for address in addresses:
        words |= {fold(address)} | _name_words(address.partition("@")[0])
    for number in staff_numbers:
        words |= {"".join(split_words(number)), *split_words(number)}
    for phone in phones:
        words |= phone_forms(phone)
    return without_prefixes(words)


def _name_words(text: str) -> set[str]:
    """O'Hagan is found as `ohagan`, which is what `o'hagan` asks for, and as `hagan`."""
    return {*split_words(text), *split_words(_glued(text))}


def _glued(text: str) -> str:
    return _APOSTROPHE.sub("", text)


def split_words(text: str) -> list[str]:
    """Folded runs of letters and digits of any alphabet."""
    return re.findall(r"[^\W_]+", fold(text))


def phone_forms(number: str) -> set[str]:
    """Digits of an E.164 number as dialled from abroad and at home (`+44 1632…`, `01632…`)."""
    digits = re.sub(r"\D", "", number)
    if len(digits) < 7:
        return {digits} if digits else set()
    return {digits, _at_home(digits)}


def _at_home(digits: str) -> str:
    if digits[0] == "1":  # North America dials no trunk prefix
        return digits[1:]
    if digits[0] == "7":
        return f"8{digits[1:]}"
    return "0" + digits[2 if int(digits[:2]) in _TWO_DIGIT_CODES else 3 :]


def without_prefixes(words: Iterable[str]) -> tuple[str, ...]:
    """Sorted words of a useful length, less those that merely begin another one."""
    useful = sorted({w[:_LONGEST] for w in words if len(w) >= SHORTEST})
    # Sorted, a word's extensions follow it directly.
    return tuple(w for w, following in pairwise([*useful, ""]) if not following.startswith(w))


def question(text: str) -> tuple[str, ...]:
    """Words of a helpdesk's search; each must begin one of the person's words.

    A text of digits and phone punctuation is one number; an address stays whole.
    """
    plain = fold(text).strip()
    if _PHONE.fullmatch(plain):
        digits = re.sub(r"\D", "", plain)
        international = len(digits) >= 9 and digits.startswith("00")
        return (digits.removeprefix("00") if international else digits,) if digits else ()
    words: list[str] = []
    for token in plain.split():
        words += [token[:_LONGEST]] if "@" in token else split_words(_glued(token))
    return tuple(dict.fromkeys(words))


def is_searchable(text: str) -> bool:
    """Whether the text holds a word, number or address long enough to search for."""
    return any(len(word) >= SHORTEST for word in question(text))


def matches(asked: Iterable[str], words: Iterable[str]) -> bool:
    """Whether every word asked for begins one of the words."""
    held = tuple(words)
    return all(any(word.startswith(a) for word in held) for a in asked)
