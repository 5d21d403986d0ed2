"""If these fail, a text is called stuffed, hard to read or unfinished by the wrong words."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.checks.helpers.placeholders import _PHRASES, find_placeholder, may_hold_placeholder
from lsos.checks.helpers.words import english_prose, words_of

TEXTS = st.one_of(
    st.text(),
    st.text(alphabet="abE you_9.,!?'-\u2019\u00e4\u00df\u4e2d\u0130").map(
        lambda t: " ".join(t.split())
    ),
    st.text(alphabet="abE yo_9.,!?'-").map(lambda t: " ".join(t.split())),
)


@given(TEXTS)
def test_words_are_those_of_the_whole_text(text: str) -> None:
    words = words_of(text)
    expected = Counter(re.findall(r"\w+", text.casefold()))
    assert words.counts == expected
    assert words.total == expected.total()
    assert words.most == max(expected.values(), default=0)


@given(TEXTS.map(lambda text: " ".join(text.split())))
def test_sentences_end_at_marks_before_white_space(text: str) -> None:
    assert words_of(text).sentence_ends == len(re.findall(r"[.!?]+(?=\s|\Z)", text.casefold()))


@pytest.mark.parametrize("phrase", _PHRASES)
@pytest.mark.parametrize("frame", ["{}", "x{}y", "({}).", "A \u2019\u00e4 {} z"])
def test_no_placeholder_is_passed_over(phrase: str, frame: str) -> None:
    text = frame.format(phrase.title())
    assert find_placeholder(text)
    assert may_hold_placeholder(words_of(text))


def test_a_template_variable_is_not_passed_over() -> None:
    for text in ("Plumber in {{city}}", "[your name]", "in %%city%% now"):
        assert find_placeholder(text)
        assert may_hold_placeholder(words_of(text))


@pytest.mark.parametrize(
    "text, words, syllables",
    [
        ("the cat sat", 3, 3),
        ("make table agree", 3, 5),
        ("42 mp3 is rhythm", 2, 2),
        ("", 0, 0),
        ("x" * 1_000, 1, 1),
    ],
)
def test_syllables(text: str, words: int, syllables: int) -> None:
    assert english_prose(words_of(text).counts) == (words, syllables)
