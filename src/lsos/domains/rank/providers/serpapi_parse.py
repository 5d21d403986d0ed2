"""Reads SerpApi's answers: nothing but a typed error ever leaves, whatever the JSON."""

import re

from lsos.domains.providers.base import BadResponse, as_list, as_object, as_text, as_url
from lsos.domains.rank.providers.base import position_of
from lsos.domains.rank.rules import MAX_PACK, Organic, Place, SearchPage

NO_RESULTS = "hasn't returned any results"
EMPTY_STATES = ("fully empty", "empty")
PENDING = ("Queued", "Processing")
FEATURES = (
    "ads",
    "ai_overview",
    "answer_box",
    "inline_images",
    "inline_videos",
    "knowledge_graph",
    "local_ads",
    "local_results",
    "related_questions",
    "shopping_results",
    "top_stories",
)
_HEX_IDS = re.compile(r"0x[0-9a-f]{1,16}:0x([0-9a-f]{1,16})", re.IGNORECASE)


def parse_google(payload: object) -> SearchPage:
    """One page of Google's results; the pack is that of this page."""
    answer = _checked(payload)
    if is_empty(answer) and "organic_results" not in answer:
        return SearchPage(organic=[], pack=_pack(answer), features=_features(answer))
    results = answer.get("organic_results")
    if not isinstance(results, list):
        raise BadResponse("serpapi: no list of organic results")
    organic: list[Organic] = []
    for index, item in enumerate(map(as_object, results[:100])):
        # Ads stand apart, and redirect_link leads to Google.
        if url := as_url(item.get("link")):
            position = position_of(item.get("position"), index + 1)
            organic.append(Organic(position, url, as_text(item.get("title"))))
    if results and not organic:
        raise BadResponse("serpapi: no organic result has a link")
    organic.sort(key=lambda found: found.position)
    return SearchPage(
        organic=organic,
        pack=_pack(answer),
        features=_features(answer),
        has_more=_has_more(answer),
    )


def _has_more(answer: dict[str, object]) -> bool:
    pages = [as_object(answer.get(name)) for name in ("serpapi_pagination", "pagination")]
    return any(page.get("next") for page in pages)


def parse_maps(payload: object) -> list[Place]:
    """Places around a point; one exact match stands alone as place_results."""
    answer = _checked(payload)
    if "local_results" in answer:
        return _places(answer["local_results"])
    alone = answer.get("place_results")
    if isinstance(alone, dict) and alone:
        return [_place(alone, 1)]
    if is_empty(answer):
        return []
    raise BadResponse("serpapi: neither local_results nor place_results")


def is_empty(payload: object) -> bool:
    """A search without results is a success, though it carries an `error` text."""
    answer = as_object(payload)
    information = as_object(answer.get("search_information"))
    states = [information.get(f"{kind}_results_state") for kind in ("organic", "local")]
    if any(as_text(state).lower() in EMPTY_STATES for state in states):
        return True
    return NO_RESULTS in as_text(answer.get("error"))


def is_pending(payload: object) -> bool:
    state = as_object(as_object(payload).get("search_metadata")).get("status")
    return state in PENDING and bool(search_id(payload))


def search_id(payload: object) -> str:
    return as_text(as_object(as_object(payload).get("search_metadata")).get("id"), 100)


def _checked(payload: object) -> dict[str, object]:
    if not isinstance(payload, dict):
        raise BadResponse("serpapi: the answer is no object")
    state = as_object(payload.get("search_metadata")).get("status")
    if state != "Success":
        raise BadResponse("serpapi: the answer has no status Success")
    return payload


def _features(answer: dict[str, object]) -> list[str]:
    return [name for name in FEATURES if answer.get(name)]


def _pack(answer: dict[str, object]) -> list[Place]:
    found = answer.get("local_results")
    if found is None:
        return []
    return _places(found.get("places", []) if isinstance(found, dict) else found)


def _places(value: object) -> list[Place]:
    if not isinstance(value, list):
        raise BadResponse("serpapi: the places are no list")
    items = [item for item in as_list(value)[:MAX_PACK] if isinstance(item, dict)]
    if value and not items:
        raise BadResponse("serpapi: the places are no objects")
    return [_place(item, index + 1) for index, item in enumerate(items)]


def _place(item: dict[str, object], position: int) -> Place:
    # In results of google `place_id` is the CID, in those of google_maps the Place ID.
    given = as_text(item.get("place_id"))
    cid = given if given.isdecimal() else as_text(item.get("data_cid"))
    if not cid and (ids := _HEX_IDS.fullmatch(as_text(item.get("data_id")))):
        cid = str(int(ids[1], 16))
    website = item.get("website") or as_object(item.get("links")).get("website")
    return Place(
        position=position_of(item.get("position"), position),
        title=as_text(item.get("title")),
        cid=cid,
        place_id="" if given.isdecimal() else given,
        url=as_url(website),
    )
