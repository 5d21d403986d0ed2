"""CPU of analysing a site's entity: 5,000 stored pages with markup, locations and keywords."""

import time

from lsos.domains.entity.analysis import Analyser, Subject
from lsos.domains.entity.places import Place
from lsos.domains.entity.topics import Keyword
from lsos.web.facts import Heading, PageFacts
from lsos.web.html.structured_data import jsonld_items
from lsos.web.stored import pack_facts, unpack_facts
from tools.bench.measure import console, median, table, write

PAGES = 5_000
PLACES = 50
KEYWORDS = 500
WORDS = 600
VOCABULARY = 20_000
ROUNDS = 3
BAR_CPU_S = 10.0
ORIGIN = "https://www.example.com"
_SYLLABLES = ("ba", "cor", "den", "fil", "gum", "har", "lin", "mon", "per", "ser", "tal", "ving")


def main() -> None:
    stored = [pack_facts(_page(number)) for number in range(PAGES)]
    subject = Subject(
        start_url=f"{ORIGIN}/",
        business_name="Example Dental",
        services=[f"{_word(n)} {_word(n + 7)}" for n in range(20)],
        places=[_place(number) for number in range(PLACES)],
        # Half of them are on no page, so they are searched for on every page.
        keywords=[
            Keyword(f"{_word(n * 13)} {_word(n * 29)} {'x' * (n % 2)}q".strip())
            for n in range(KEYWORDS)
        ],
    )
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        analyser = Analyser(subject)
        for raw in stored:
            analyser.add(unpack_facts(raw))
        analysis = analyser.finish()
        times.append(time.process_time() - started)
        if analysis.graph["pages"] != PAGES:
            raise RuntimeError("not all pages were judged")
    cpu_s = median(times)
    table(
        f"entity of {PAGES:,} pages, {PLACES} locations, {KEYWORDS} keywords, median of {ROUNDS}",
        ["", "CPU s", "CPU ms per page", "bar CPU s"],
        [["analyse", cpu_s, 1_000 * cpu_s / PAGES, BAR_CPU_S]],
    )
    console.print(f"pages with structured data: {analysis.graph['pages_with_data']}")
    write(
        "entity",
        {"pages": PAGES, "cpu_s": cpu_s, "rounds": times, "bar_cpu_s": BAR_CPU_S},
        "make bench T=entity",
    )


def _word(number: int) -> str:
    number %= VOCABULARY
    parts: list[str] = []
    while number or not parts:
        parts.append(_SYLLABLES[number % len(_SYLLABLES)])
        number //= len(_SYLLABLES)
    return "".join(parts) + ("s" if len(parts) % 2 else "ing")


def _place(number: int) -> Place:
    return Place(
        name=f"Example Dental {_word(number)}",
        street=f"{number + 1} Main Street",
        city=_word(number),
        postcode=f"{10_000 + number}",
        country="US",
        phone=f"+1207555{number:04}",
    )


def _page(number: int) -> PageFacts:
    words = " ".join(_word(number * 37 + at * (at % 97 + 1)) for at in range(WORDS))
    place = _place(number % PLACES)
    organization = {
        "@type": "Organization",
        "@id": f"{ORIGIN}/#organization",
        "name": "Example Dental",
        "url": ORIGIN,
        "sameAs": ["https://www.facebook.com/exampledental"],
    }
    dentist = {
        "@type": "Dentist",
        "@id": f"{ORIGIN}/{number % PLACES}#dentist",
        "name": place.name,
        "telephone": place.phone,
        "parentOrganization": {"@id": organization["@id"]},
        "address": {
            "@type": "PostalAddress",
            "streetAddress": place.street,
            "addressLocality": place.city,
            "postalCode": place.postcode,
        },
    }
    trail = {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": at, "name": _word(at), "item": f"{ORIGIN}/{at}"}
            for at in range(3)
        ],
    }
    page = PageFacts(url=f"{ORIGIN}/services/{number}/" if number else f"{ORIGIN}/")
    page.status, page.is_html, page.lang = 200, True, "en"
    page.titles = [f"{_word(number)} {place.city}"]
    page.headings = [Heading(1, f"{_word(number)} in {place.city}"), Heading(2, "Contact")]
    page.text = f"{words} {place.street}"
    page.chrome_text = " ".join(_place(at).street for at in range(5))
    page.phones = [place.phone, "(207) 555-0001"]
    encoded = str([organization, dentist, trail]).replace("'", '"')
    page.items = jsonld_items(encoded)[0]
    return page
