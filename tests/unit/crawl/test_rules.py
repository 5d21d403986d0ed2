"""Decisions of a crawl: what is tried again, how a run ends, what a link is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.domains.crawl.rules import (
    MAX_TRIES,
    end_state,
    is_retryable,
    retry_delay_s,
)
from lsos.web.stored import LinkFlag


@given(st.integers(100, 599), st.sampled_from([None, "timeout", "dns", "tls", "too_large"]))
def test_only_faults_that_may_pass_are_tried_again(status: int, error: str | None) -> None:
    assert is_retryable(status, error) is (status >= 500 or error in ("timeout", "dns"))


def test_tries_of_a_url_are_spread() -> None:
    assert [retry_delay_s(tries) for tries in range(1, MAX_TRIES)] == [0.5, 2.0]


@pytest.mark.parametrize(
    "responses, unmeasured, state",
    [(0, 0, "failed"), (0, 3, "failed"), (5, 0, "completed"), (5, 1, "completed_with_errors")],
)
def test_the_state_of_a_run_says_what_was_measured(
    responses: int, unmeasured: int, state: str
) -> None:
    assert end_state(responses=responses, unmeasured=unmeasured) == state


def test_kinds_of_links_are_named_for_exports() -> None:
    assert LinkFlag(0).kind == LinkFlag.NOFOLLOW.kind == "link"
    assert (LinkFlag.NOFOLLOW | LinkFlag.IFRAME).kind == "iframe"
    assert LinkFlag.REDIRECT.kind == "redirect"


def test_a_link_is_followed_unless_its_rel_or_its_page_says_otherwise() -> None:
    assert LinkFlag.AREA.is_followed
    assert not LinkFlag.NOFOLLOW.is_followed
    assert not (LinkFlag.PAGE_NOFOLLOW | LinkFlag.AREA).is_followed
    assert (LinkFlag.PAGE_NOFOLLOW | LinkFlag.AREA).kind == "area"
