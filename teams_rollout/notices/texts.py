"""The texts of the notices as files, and what is wrong with a file that somebody has changed.

A file is `NAME.LANGUAGE.md`: a first line `Subject: ...`, an empty line, then Markdown. It may
hold the placeholders of its kind as `{{ name }}`, and `{% if date %}...{% endif %}` around what
needs one; nothing else, so that a text cannot fail while it is sent, nor do anything but speak.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from teams_rollout.domain.configuration import Language, NoticeKind

CARD = "card"
NAMES = (*(kind.value for kind in NoticeKind), CARD)
FILE_NAMES = tuple(f"{name}.{language.value}.md" for name in NAMES for language in Language)
LARGEST = 8_000
"""Characters of one file: two languages fit into a card's 28 KB and a mail stays readable."""

PEOPLE = ("name", "date", "wave", "rollout", "help")
OF_THE_CARD = ("notice", "date", "wave", "rollout", "mailed", "listed", "uncertain")

_SUBJECT = "Subject:"
_ALLOWED = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.If, nodes.Not)
_parser = SandboxedEnvironment(autoescape=True)


@dataclass(frozen=True)
class TextFault:
    """What is wrong with a text: what, why, what to do."""

    file: str
    line: int
    message: str
    placeholder: str = ""


@dataclass(frozen=True)
class Text:
    """One text in one language, still with its placeholders."""

    subject: str
    body: str


Texts = Mapping[str, Text]
"""By file name."""


def placeholders_of(file: str) -> tuple[str, ...]:
    """What a text of this file may mention."""
    return OF_THE_CARD if file.partition(".")[0] == CARD else PEOPLE


@cache
def packaged() -> dict[str, str]:
    """The texts that come with the app, by file name."""
    folder = files("teams_rollout.notices").joinpath("texts")
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in FILE_NAMES}


def faults_of(changed: Mapping[str, str]) -> list[TextFault]:
    """Everything that is wrong with the files that an operator has changed."""
    return [fault for name, content in changed.items() for fault in _faults(name, content)]


def read_texts(changed: Mapping[str, str]) -> Texts:
    """The texts in force: the changed ones, and the app's own where nobody changed any."""
    return {name: _split(content) for name, content in (packaged() | dict(changed)).items()}


def _faults(name: str, content: str) -> Iterator[TextFault]:
    if name not in FILE_NAMES:
        known = ", ".join(NAMES)
        yield TextFault(
            name,
            1,
            "No notice has this name, so the file would do nothing; call it NAME.LANGUAGE.md with "
            f"one of {known} and one of {', '.join(Language)}, or remove it.",
        )
        return
    if len(content) > LARGEST:
        message = f"The text has {len(content):,} characters; shorten it to {LARGEST:,}."
        yield TextFault(name, 1, message)
        return
    text = _split(content)
    if not text.subject or not text.body:
        yield TextFault(
            name, 1, f"A text begins with “{_SUBJECT} ...” and an empty line; add what is missing."
        )
        return
    yield from _placeholder_faults(name, content)


def _split(content: str) -> Text:
    head, _, body = content.replace("\r\n", "\n").lstrip("\ufeff").partition("\n")
    subject = head.removeprefix(_SUBJECT).strip() if head.startswith(_SUBJECT) else ""
    return Text(subject=subject, body=body.strip())


def _placeholder_faults(file: str, content: str) -> Iterator[TextFault]:
    try:
        tree = _parser.parse(content)
    except TemplateSyntaxError as error:
        message = (
            f"The placeholders cannot be read ({error.message}); write them as {{{{ name }}}}."
        )
        yield TextFault(file, error.lineno, message)
        return
    known = placeholders_of(file)
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            yield TextFault(
                file,
                node.lineno,
                "Only placeholders such as {{ name }} and {% if date %}...{% endif %} are "
                "allowed here; take out the rest.",
                placeholder=type(node).__name__,
            )
        elif isinstance(node, nodes.Name) and node.name not in known:
            yield _unknown(file, node.lineno, node.name, known)


def _unknown(file: str, line: int, name: str, known: Collection[str]) -> TextFault:
    return TextFault(
        file,
        line,
        f"The placeholder {{{{ {name} }}}} is not known, so people would read it as it stands; "
        f"use one of {', '.join(known)}.",
        placeholder=name,
    )
