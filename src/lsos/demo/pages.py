"""The demo site without defects: every page as a draft, before any defect is planted."""

import datetime
from collections.abc import Iterator
from html import escape

from lsos.demo.render import Draft
from lsos.demo.texts import (
    BUSINESS,
    PAGES,
    PLACES,
    POSTS,
    SERVICES,
    Copy,
    Location,
    Post,
    Service,
    link,
    to_html,
)

SERVICES_CRUMB = ("/services/", "Services")
LOCATIONS_CRUMB = ("/locations/", "Locations")
BLOG_CRUMB = ("/blog/", "Blog")
POSTS_PER_PAGE = 6


def drafts() -> dict[str, Draft]:
    """All HTML pages by path."""
    pages = [
        *_plain_pages(),
        *(_service(service, number) for number, service in enumerate(SERVICES)),
        *(_office(place, number) for number, place in enumerate(BUSINESS.locations)),
        *(_local_page(place, kind) for place in BUSINESS.locations for kind in _LOCAL),
        *(_blog_page(number) for number in (1, 2)),
        *(_post(number) for number in range(len(POSTS))),
    ]
    return {page.path: page for page in pages}


def dentist(place: Location, with_id: bool = True) -> dict[str, object]:
    """The Dentist node of a location; absolute URLs are filled in when the page is rendered."""
    node: dict[str, object] = {
        "@type": "Dentist",
        "name": BUSINESS.name,
        "url": f"{{base_url}}{place.path}",
        "image": "{base_url}/img/share.png",
        "telephone": place.phone,
        "priceRange": "$$",
        "address": {
            "@type": "PostalAddress",
            "streetAddress": place.street,
            "addressLocality": place.city,
            "addressRegion": place.region,
            "postalCode": place.postcode,
            "addressCountry": "US",
        },
        "geo": {
            "@type": "GeoCoordinates",
            "latitude": float(place.latitude),
            "longitude": float(place.longitude),
        },
        "openingHoursSpecification": [
            {
                "@type": "OpeningHoursSpecification",
                "dayOfWeek": days,
                "opens": opens,
                "closes": closes,
            }
            for days, opens, closes in place.spans
        ],
    }
    if with_id:
        node["@id"] = f"{{base_url}}{place.path}#dentist"
        node["parentOrganization"] = {"@id": "{base_url}/#organization"}
    return node


def organization() -> dict[str, object]:
    return {
        "@type": "Organization",
        "@id": "{base_url}/#organization",
        "name": BUSINESS.name,
        "url": "{base_url}/",
        "logo": "{base_url}/img/share.png",
        "email": BUSINESS.email,
        "sameAs": BUSINESS.same_as,
    }


def tel(place: Location) -> str:
    return f'<a href="tel:{place.phone}">{place.shown_phone}</a>'


def picture(name: str, alt: str) -> str:
    return (
        f'<p class="hero"><img src="/img/{name}.svg" width="960" height="360" '
        f'alt="{escape(alt)}"></p>'
    )


def _draft(copy: Copy, path: str, main: str) -> Draft:
    return Draft(
        path=path,
        title=copy.title,
        h1=copy.h1,
        description=copy.description,
        main=main,
        lang=copy.lang,
    )


def _plain_pages() -> Iterator[Draft]:
    for copy in PAGES:
        draft = _draft(copy, copy.path, to_html(copy.body))
        if copy.path == "/":
            draft.main = (
                picture("scene-home", "Pines above the bay")
                + draft.main
                + _address_card(BUSINESS.locations[0])
                + '<h2>From the blog</h2><ul class="cards">'
                + "".join(_post_card(post) for post in POSTS[:3])
                + "</ul>"
            )
            draft.graph = [
                {"@type": "WebSite", "name": BUSINESS.name, "url": "{base_url}/"},
                organization(),
                dentist(BUSINESS.locations[0]),
            ]
        elif copy.path == "/services/":
            draft.main += f'<ul class="cards">{"".join(map(_service_card, SERVICES))}</ul>'
        elif copy.path == "/locations/":
            draft.main += f'<div class="cards">{_address_cards()}</div>'
        elif copy.path == "/contact/":
            draft.main += f'<h2>Phone</h2><div class="cards">{_address_cards()}</div>' + _FORM
        elif copy.path == "/smile-gallery/":
            draft.main += "".join(
                f'<p><img src="/img/pair-{number}.png" width="640" height="200" alt="{alt}"></p>'
                for number, alt in enumerate(_PAIRS, 1)
            )
        yield draft


_PAIRS = (
    "A chipped front tooth before and after a filling",
    "Two old crowns before and after their replacement",
    "A row of upper teeth before and after two weeks of trays",
)
_FORM = (
    '<h2>Write to us</h2><form action="/contact/send/" method="post">'
    '<label>Your name <input name="name" autocomplete="name"></label>'
    '<label>E-mail <input name="email" type="email" autocomplete="email"></label>'
    '<label>Message <textarea name="message" rows="5"></textarea></label>'
    '<button class="button">Send</button></form>'
)


def _address_card(place: Location) -> str:
    return (
        f'<div class="card"><h2>{link(place.path, f"{BUSINESS.name}, {place.city}")}</h2>'
        f"<p>{place.street}<br>{place.city}, {place.region} {place.postcode}</p>"
        f"<p>{tel(place)}</p></div>"
    )


def _address_cards() -> str:
    return "".join(map(_address_card, BUSINESS.locations))


def _service_card(service: Service) -> str:
    return (
        f'<li class="card"><h2>{link(f"/services/{service.slug}/", service.name)}</h2>'
        f"<p>{escape(service.summary, quote=False)}</p></li>"
    )


def _service(service: Service, number: int) -> Draft:
    path = f"/services/{service.slug}/"
    local = service.slug in _LOCAL
    offices = "".join(
        f"<li>{link(f'{place.path}{service.slug}/', f'{service.name} in {place.city}')}</li>"
        if local
        else f"<li>{link(place.path, f'Our {place.city} office')}</li>"
        for place in BUSINESS.locations
    )
    others = [SERVICES[(number + step) % len(SERVICES)] for step in (1, 3)]
    more = " and ".join(link(f"/services/{one.slug}/", one.name.lower()) for one in others)
    draft = _draft(
        service,
        path,
        picture(f"scene-{number}", f"Drawing of the bay for {service.name.lower()}")
        + to_html(service.body)
        + f"<h2>Where we do this</h2><ul>{offices}</ul><p>See also {more}.</p>",
    )
    draft.h1 = service.title
    draft.crumbs = [SERVICES_CRUMB]
    draft.graph = [
        {
            "@type": "Service",
            "name": service.name,
            "serviceType": service.name,
            "description": service.description,
            "provider": {"@id": "{base_url}/#organization"},
        },
    ]
    return draft


def _office(place: Location, number: int) -> Draft:
    copy = PLACES.office(place.slug)
    rows = "".join(f"<tr><th>{days}</th><td>{times}</td></tr>" for days, times in place.hours)
    map_url = (
        f"https://www.openstreetmap.org/?mlat={place.latitude}&amp;mlon={place.longitude}"
        "#map=17/" + f"{place.latitude}/{place.longitude}"
    )
    review = ""
    if copy.review:
        said, who = copy.review
        review = f"<h2>What a patient says</h2><blockquote>{said}<br>{who}</blockquote>"
    draft = _draft(
        copy,
        place.path,
        picture(f"scene-{number + 20}", f"The bay near our {place.city} office")
        + f'<div class="card"><p><strong>{BUSINESS.name}</strong><br>{place.street}<br>'
        f"{place.city}, {place.region} {place.postcode}</p><p>{tel(place)}</p></div>"
        + f"<h2>Opening hours</h2><table>{rows}</table>"
        + to_html(copy.body)
        + f'<h2>Map and directions</h2><p><a href="{map_url}">{place.street} on the map</a></p>'
        + review,
    )
    draft.crumbs = [LOCATIONS_CRUMB]
    draft.graph = [dentist(place)]
    return draft


_LOCAL = ("emergency-dentist", "teeth-whitening")
"""Services that have a page in each town."""


def _local_page(place: Location, kind: str) -> Draft:
    template = PLACES.teeth_whitening
    copy = PLACES.emergency_dentist[place.slug] if kind == "emergency-dentist" else template

    def fill(text: str) -> str:
        return text.format(city=place.city, street=place.street, slug=place.slug)

    filled = Copy(
        title=fill(copy.title),
        h1=fill(copy.h1),
        description=fill(copy.description),
        body=[fill(block) for block in copy.body],
    )
    contact = (
        f"<h2>Call our {place.city} desk</h2><p>{BUSINESS.name}, {place.street}, {place.city}, "
        f"{place.region} {place.postcode}: {tel(place)}</p>"
    )
    draft = _draft(filled, f"{place.path}{kind}/", to_html(filled.body) + contact)
    draft.crumbs = [LOCATIONS_CRUMB, (place.path, place.city)]
    draft.graph = [
        {"@type": "Service", "name": filled.h1, "areaServed": place.city},
        dentist(place, with_id=False),
    ]
    return draft


def _when(date: str) -> str:
    day = datetime.date.fromisoformat(date)
    return f'<time datetime="{date}">{day:%B} {day.day}, {day.year}</time>'


def _post_card(post: Post) -> str:
    return (
        f'<li class="card"><h3>{link(post.url_path, post.h1)}</h3>'
        f'<p class="byline">{_when(post.date)}</p><p>{escape(post.summary, quote=False)}</p></li>'
    )


def _blog_page(number: int) -> Draft:
    posts = POSTS[(number - 1) * POSTS_PER_PAGE : number * POSTS_PER_PAGE]
    cards = "".join(_post_card(post) for post in posts).replace("<h3>", "<h2>")
    cards = cards.replace("</h3>", "</h2>")
    path, other = ("/blog/", "/blog/page/2/") if number == 1 else ("/blog/page/2/", "/blog/")
    rel, label = ("next", "Older posts") if number == 1 else ("prev", "Newer posts")
    suffix = "" if number == 1 else ", page 2"
    draft = Draft(
        path=path,
        title=f"Notes from the dental chair{suffix}",
        h1=f"Notes from the chair{suffix}",
        description=(
            "Our dentists and hygienists on gums, brushes, nerves and sugar, in plain words: "
            f"{'the latest' if number == 1 else 'earlier'} posts from three offices on the coast."
        ),
        main=(
            "<p>Once a month somebody here sits down and answers a question that keeps coming up "
            "in the chair. No sponsors, no product of the month, only what we would tell a friend "
            f'on the ferry.</p><ul class="cards">{cards}</ul><p>{link(other, label)}</p>'
        ),
        updated=posts[0].date,
    )
    draft.head.append(f'<link rel="{rel}" href="{{base_url}}{other}">')
    draft.crumbs = [BLOG_CRUMB] if number == 2 else []
    return draft


def _post(number: int) -> Draft:
    post = POSTS[number]
    related = [POSTS[(number + step) % len(POSTS)] for step in (1, 4)]
    more = "".join(f"<li>{link(one.url_path, one.h1)}</li>" for one in related)
    draft = _draft(
        post,
        post.url_path,
        f'<p class="byline">Published {_when(post.date)}, by {post.author}</p>'
        + to_html(post.body)
        + f"<h2>Keep reading</h2><ul>{more}</ul>",
    )
    draft.updated = post.date
    draft.crumbs = [BLOG_CRUMB]
    draft.graph = [
        {
            "@type": "BlogPosting",
            "headline": post.h1,
            "datePublished": post.date,
            "dateModified": post.date,
            "author": {"@type": "Person", "name": post.author},
            "image": "{base_url}/img/share.png",
        }
    ]
    return draft
