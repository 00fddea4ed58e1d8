"""Texts and facts to a mail, a card or a page. Values in, strings out; nothing is sent here.

Values are escaped before Markdown is read, so that a name is text and never markup.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment as Templates
from jinja2 import PackageLoader, StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from teams_rollout.domain.configuration import Language, NoticeKind, RolloutConfig
from teams_rollout.domain.vocabulary import Environment
from teams_rollout.notices.dates import spoken_day
from teams_rollout.notices.texts import CARD, Text, Texts

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_SPACE = re.compile(r"\s+")
REHEARSAL_WORDS = {
    Language.ENGLISH: "This is practice. Nobody real is affected and nothing changes for you.",
    Language.WELSH: "Ymarfer yw hwn. Nid yw'n effeithio ar neb go iawn, ac nid oes dim yn newid "
    "i chi.",
}
_ASK = {
    Language.ENGLISH: "Contact your service desk.",
    Language.WELSH: "Cysylltwch â'ch desg wasanaeth.",
}
_COLLEAGUE = {Language.ENGLISH: "colleague", Language.WELSH: "gydweithiwr"}


@dataclass(frozen=True)
class Occasion:
    """What a notice is about, the same for everybody who gets it.

    Attributes:
        wave: the wave as people know it.
    """

    kind: NoticeKind
    wave: str
    config: RolloutConfig
    environment: Environment
    day: date | None = None

    @property
    def languages(self) -> tuple[Language, ...]:
        """In the order in which a reader meets them."""
        return tuple(dict.fromkeys(self.config.notices.languages))

    @property
    def is_rehearsal(self) -> bool:
        """Whether it must say that nothing of this is real."""
        return self.environment is Environment.REHEARSAL


@dataclass(frozen=True)
class Rendered:
    """One notice, ready to be sent or shown."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class _Part:
    language: Language
    subject: str
    text: str
    html: str


def render_notice(texts: Texts, occasion: Occasion, *, name: str = "") -> Rendered:
    """The mail to one person, in every language of the rollout.

    Args:
        name: how the person is greeted; empty = as a colleague (printed lists).
    """
    values = {lang: _values(occasion, lang, name) for lang in occasion.languages}
    parts = _parts(texts, occasion.kind.value, values)
    subject = _subject(parts, occasion)
    notes = [REHEARSAL_WORDS[p.language] for p in parts] if occasion.is_rehearsal else []
    rehearsal = f"REHEARSAL. {' '.join(notes)}\n\n" if notes else ""
    return Rendered(
        subject=subject,
        text=rehearsal + "\n\n---\n\n".join(p.text for p in parts),
        html=_page("mail.html", subject=subject, parts=parts, notes=notes),
    )


def render_card(texts: Texts, occasion: Occasion, *, counts: Mapping[str, int]) -> dict[str, Any]:
    """The Adaptive Card for the team's channel.

    Args:
        counts: people `mailed`, `listed` and `uncertain`.

    Source: adaptivecards.io/explorer, version 1.4 as Teams shows it.
    """
    values = {
        lang: {
            **_values(occasion, lang, ""),
            **{name: str(number) for name, number in counts.items()},
            "notice": _filled(texts, occasion, lang).subject,
        }
        for lang in occasion.languages
    }
    parts = _parts(texts, CARD, values)
    title = _block(_subject(parts, occasion), size="Large", weight="Bolder")
    paragraphs = [p for part in parts for p in part.text.split("\n\n")]
    return {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "lang": occasion.languages[0].value,
        "body": [title, *map(_block, paragraphs)],
    }


def render_list(groups: Sequence[Any], texts: Texts, occasion: Occasion) -> str:
    """The page that managers are handed: who of their people has no mailbox, and what to say.

    Args:
        groups: `listing.ManagersList`s.
    """
    values = {lang: _values(occasion, lang, "") for lang in occasion.languages}
    parts = _parts(texts, occasion.kind.value, values)
    return _page(
        "list.html",
        groups=groups,
        parts=parts,
        subject=_subject(parts, occasion),
        wave=occasion.wave,
        rehearsal=occasion.is_rehearsal,
    )


def _filled(texts: Texts, occasion: Occasion, language: Language) -> _Part:
    values = {language: _values(occasion, language, "")}
    return _parts(texts, occasion.kind.value, values)[0]


def _values(occasion: Occasion, language: Language, name: str) -> dict[str, str]:
    notices = occasion.config.notices
    return {
        "name": name or _COLLEAGUE[language],
        "date": spoken_day(occasion.day, language) if occasion.day else "",
        "wave": occasion.wave,
        "rollout": occasion.config.rollout.name,
        "help": notices.help.get(language) or _ASK[language],
    }


def _parts(texts: Texts, name: str, values: Mapping[Language, Mapping[str, str]]) -> list[_Part]:
    return [
        _part(texts[f"{name}.{language.value}.md"], language, some)
        for language, some in values.items()
    ]


def _part(text: Text, language: Language, values: Mapping[str, str]) -> _Part:
    clean = {name: _SPACE.sub(" ", value).strip() for name, value in values.items()}
    markup = _compiled(text.body, escapes=True).render(clean)
    return _Part(
        language=language,
        subject=_SPACE.sub(" ", _compiled(text.subject, escapes=False).render(clean)),
        text=_compiled(text.body, escapes=False).render(clean),
        html=_markdown().render(markup),
    )


@cache
def _markdown() -> "MarkdownIt":
    # Imported on first use: a tenth of a second that no start of a worker needs.
    from markdown_it import MarkdownIt  # noqa: PLC0415

    return MarkdownIt("commonmark", {"html": False})


def _subject(parts: Sequence[_Part], occasion: Occasion) -> str:
    joined = " / ".join(part.subject for part in parts)
    return f"REHEARSAL: {joined}" if occasion.is_rehearsal else joined


def _block(text: str, **style: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **style}


def _escaped(value: Any) -> str:
    """The value as Markdown that reads like it: every sign that could mean something is escaped."""
    return _PUNCTUATION.sub(r"\\\1", str(value))


@lru_cache(maxsize=64)
def _compiled(source: str, *, escapes: bool) -> Template:
    return _engine(escapes=escapes).from_string(source)


@cache
def _engine(*, escapes: bool) -> SandboxedEnvironment:
    """Fills placeholders, for Markdown or as plain text."""
    return SandboxedEnvironment(
        autoescape=False,  # values are escaped for Markdown, or meant for plain text
        undefined=StrictUndefined,
        finalize=_escaped if escapes else None,
        trim_blocks=True,
    )


@cache
def _pages() -> Templates:
    return Templates(
        loader=PackageLoader("teams_rollout.notices"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _page(template: str, **values: Any) -> str:
    return _pages().get_template(template).render(**values)
