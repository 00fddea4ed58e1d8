"""Texts: what an operator may change, and how a wrong file is refused."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams_rollout.domain.configuration import (
    Language,
    NoticeKind,
    NoticesSection,
    ProfileSection,
    RolloutConfig,
    RolloutSection,
)
from teams_rollout.domain.vocabulary import Environment
from teams_rollout.notices.listing import Listed, by_manager
from teams_rollout.notices.render import Occasion, render_card, render_list, render_notice
from teams_rollout.notices.texts import FILE_NAMES, faults_of, packaged, read_texts

MONDAY = date(2026, 11, 23)
GOOD = "Subject: Hello\n\nDear {{ name }}\n"


def an_occasion(kind: NoticeKind = NoticeKind.BEFORE, **values) -> Occasion:
    settings = {"languages": ("cy", "en"), **values.pop("notices", {})}
    config = RolloutConfig(
        rollout=RolloutSection(name="Teams for Llanfair"),
        profiles={"office": ProfileSection(skus=("SPE_E3",))},
        notices=NoticesSection(sender="t@llanfair.example", **settings),
    )
    fields = {"wave": "Pilot", "environment": Environment.LIVE, "day": MONDAY, **values}
    return Occasion(kind=kind, config=config, **fields)


def test_given_the_texts_of_the_app_when_checked_then_none_is_wrong_or_missing():
    assert faults_of(packaged()) == []
    assert set(packaged()) == set(FILE_NAMES)


@pytest.mark.parametrize(
    ("file", "content", "line", "word"),
    [
        ("before.en.md", "Subject: x\n\n{{ nmae }}", 3, "nmae"),
        ("before.en.md", "Subject: {{ mailed }}\n\nx", 1, "mailed"),
        ("card.en.md", "Subject: x\n\n{{ name }}", 3, "name"),
        ("before.en.md", "Subject: x\n\n{% for a in name %}x{% endfor %}", 3, "Only placeholders"),
        ("before.en.md", "Subject: x\n\n{{ name.__class__ }}", 3, "Only placeholders"),
        ("before.en.md", "Subject: x\n\n{{ name }", 3, "cannot be read"),
        ("before.en.md", "Hello\n\nx", 1, "Subject:"),
        ("before.en.md", "", 1, "Subject:"),
        ("before.en.md", "Subject: x\n\n" + "x" * 9_000, 1, "shorten"),
        ("befroe.en.md", GOOD, 1, "before"),
        ("before.fr.md", GOOD, 1, "en, cy"),
    ],
)
def test_given_a_wrong_text_when_checked_then_file_line_and_what_is_wrong(
    file, content, line, word
):
    fault = faults_of({file: content})[0]

    assert (fault.file, fault.line) == (file, line)
    assert word in fault.message


def test_given_an_unknown_placeholder_when_checked_then_it_is_named():
    (fault,) = faults_of({"done.cy.md": "Subject: x\n\n{{ dyddiad }}"})

    assert fault.placeholder == "dyddiad"


def test_given_a_changed_text_when_rendered_then_it_replaces_only_its_own():
    texts = read_texts({"before.en.md": GOOD})

    notice = render_notice(texts, an_occasion(), name="Ada")

    assert "Dear Ada" in notice.text
    assert "Helo Ada" in notice.text


def test_given_two_languages_when_rendered_then_both_in_order_marked_and_with_their_own_day():
    notice = render_notice(read_texts({}), an_occasion(), name="Ada")

    assert notice.subject.index("symud") < notice.subject.index("moving")
    assert re.findall(r'lang="(\w\w)"', notice.html) == ["cy", "cy", "en"]
    assert "dydd Llun 23 Tachwedd 2026" in notice.text
    assert "Monday 23 November 2026" in notice.text


@pytest.mark.parametrize("kind", NoticeKind)
def test_given_a_rehearsal_when_rendered_then_every_form_says_so(kind: NoticeKind):
    occasion = an_occasion(kind, environment=Environment.REHEARSAL)
    texts = read_texts({})

    notice = render_notice(texts, occasion)
    card = str(
        render_card(texts, occasion, counts=dict.fromkeys(("mailed", "listed", "uncertain"), 1))
    )
    page = render_list([], texts, occasion)

    assert all("REHEARSAL" in x for x in (notice.subject, notice.text, notice.html, card, page))


@pytest.mark.parametrize("kind", NoticeKind)
def test_given_live_when_rendered_then_no_form_speaks_of_practice(kind: NoticeKind):
    notice = render_notice(read_texts({}), an_occasion(kind))

    assert "REHEARSAL" not in notice.subject + notice.text + notice.html
    assert "{{" not in notice.subject + notice.text + notice.html


def test_given_no_day_when_postponed_then_the_text_promises_one():
    notice = render_notice(
        read_texts({}), an_occasion(NoticeKind.POSTPONED, day=None, notices={"languages": ("en",)})
    )

    assert "when there is a new date" in notice.text
    assert "Your new date" not in notice.text


@given(name=st.text(min_size=1, max_size=60))
def test_given_any_name_when_rendered_then_it_is_text_and_never_markup(name: str):
    occasion = an_occasion(notices={"languages": ("en",)})
    plain = render_notice(read_texts({}), occasion, name="Ada")

    notice = render_notice(read_texts({}), occasion, name=name)

    tags = re.compile(r"<[^>]*>")
    assert tags.findall(notice.html) == tags.findall(plain.html)


def test_given_help_when_rendered_then_each_language_has_its_own():
    words = {Language.ENGLISH: "Ring 4000.", Language.WELSH: "Ffoniwch 4000."}

    notice = render_notice(read_texts({}), an_occasion(notices={"help": words}))

    assert "Ring 4000." in notice.text
    assert "Ffoniwch 4000." in notice.text


def test_given_people_when_listed_then_by_manager_and_those_without_come_last():
    people = [
        Listed("Bea", "bea", "Parks", ""),
        Listed("Zoe", "zoe", "Housing", "Änne Boss"),
        Listed("Ada", "ada", "Housing", "änne boss"),
        Listed("Cai", "cai", "Parks", "Zack Lead"),
    ]

    groups = by_manager(people)

    assert [(g.manager, [p.name for p in g.people]) for g in groups] == [
        ("Änne Boss", ["Ada", "Zoe"]),
        ("Zack Lead", ["Cai"]),
        ("", ["Bea"]),
    ]


def test_given_lists_when_rendered_then_a_table_each_with_headings_and_the_text():
    groups = by_manager([Listed("Ada <b>", "ada", "Housing", "Boss")])

    page = render_list(groups, read_texts({}), an_occasion())

    assert "<h2" in page
    assert "Ada &lt;b&gt;" in page
    assert '<th scope="col">Name</th>' in page
    assert page.count("<blockquote") == 2
