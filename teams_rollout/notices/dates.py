"""Days as people write them, in the languages of the notices. Pure."""

from datetime import date

from teams_rollout.domain.configuration import Language

_ENGLISH_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ENGLISH_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WELSH_DAYS = tuple(
    f"dydd {name}" for name in ("Llun", "Mawrth", "Mercher", "Iau", "Gwener", "Sadwrn", "Sul")
)
_WELSH_MONTHS = (
    *("Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin"),
    *("Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr"),
)
_NAMES = {
    Language.ENGLISH: (_ENGLISH_DAYS, _ENGLISH_MONTHS),
    Language.WELSH: (_WELSH_DAYS, _WELSH_MONTHS),
}


def spoken_day(day: date, language: Language) -> str:
    """`Monday 23 November 2026`, `dydd Llun 23 Tachwedd 2026`; no locale of the machine's."""
    days, months = _NAMES[language]
    return f"{days[day.weekday()]} {day.day} {months[day.month - 1]} {day.year}"
