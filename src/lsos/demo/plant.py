"""Plants the defects: each edit breaks one healthy page in the ways that `faults` lists."""

from lsos.demo.pages import BLOG_CRUMB, dentist, organization, tel
from lsos.demo.render import Draft
from lsos.demo.texts import BUSINESS, SERVICES, to_html

Drafts = dict[str, Draft]

_LOREM = (
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt "
    "ut labore et dolore magna aliqua."
)
_LONG_ALT = (
    "A row of upper teeth before and after two weeks of evenings with custom whitening trays, "
    "photographed in daylight beside a white card"
)


def plant(drafts: Drafts) -> None:
    """Plant the defects in the drafts, in place."""
    for spoil in (_money_pages, _offices, _local_pages, _business_pages, _odd_pages, _posts, _news):
        spoil(drafts)
    _spanish(drafts)


def _replace(draft: Draft, old: str, new: str) -> None:
    if old not in draft.main:
        raise ValueError(f"{draft.path}: nothing to replace: {old}")
    draft.main = draft.main.replace(old, new, 1)


def _money_pages(drafts: Drafts) -> None:
    page = drafts["/services/fillings/"]
    page.head.append(
        '<script type="application/ld+json">{"@type": "FAQPage", "name": "x",}</script>'
    )
    page.head.append('<meta name="description" content="White fillings in one visit.">')
    page = drafts["/services/dental-crowns/"]
    page.headers["Link"] = '<{base_url}/services/>; rel="canonical"'
    page = drafts["/services/dental-implants/"]
    page.main += "<h1>Book an implant consultation</h1><p>Ask for a free first talk.</p>"
    page.head.append("<title>Dental implants Maine</title>")
    page.head.append('<script src="{http_url}/js/badge.js" defer></script>')
    page = drafts["/services/teeth-whitening/"]
    page.lang = ""
    page.main += '<p id="note">Ask at the desk.</p><p id="note">A refill is ready in a minute.</p>'
    page = drafts["/services/root-canal/"]
    page.main += f"<p>{_LOREM}</p>"
    page.left_out.add("charset")
    page.headers["Content-Type"] = "text/html"
    # The thin page must not be padded by the links at the end of other services.
    page = drafts["/services/mouthguards/"]
    page.main = to_html(next(s for s in SERVICES if s.slug == "mouthguards").body)


def _offices(drafts: Drafts) -> None:
    fenwick, millbrook = BUSINESS.locations[1:]
    page = drafts[fenwick.path]
    node = dentist(fenwick)
    del node["address"]
    page.graph = [node]
    start = page.main.index("<h2>Opening hours</h2>")
    page.main = page.main[start:].partition("</table>")[2].partition("<h2>Map and directions")[0]
    page.main = (
        f"<p>{BUSINESS.name}, {fenwick.street}, {fenwick.city}, {fenwick.region} "
        f"{fenwick.postcode}, {tel(fenwick)}</p>{page.main}"
    )
    page = drafts[millbrook.path]
    node = dentist(millbrook)
    node["telephone"] = "207-555-0188"
    node["geo"] = {"@type": "GeoCoordinates", "latitude": "44.12", "longitude": "-69.31"}
    node["address"] = {
        "@type": "PostalAddress",
        "streetAddress": millbrook.street,
        "addressLocality": millbrook.city,
        "addressRegion": millbrook.region,
        "postalCode": "04897",
        "addressCountry": "US",
    }
    node["openingHoursSpecification"] = [
        {
            "@type": "OpeningHoursSpecification",
            "dayOfWeek": ["Monday", "Tuesday", "Wednesday"],
            "opens": "08:30",
            "closes": "25:00",
        }
    ]
    node["aggregateRating"] = {
        "@type": "AggregateRating",
        "ratingValue": 4.9,
        "reviewCount": 212,
    }
    page.graph = [node]


def _local_pages(drafts: Drafts) -> None:
    millbrook = BUSINESS.locations[2]
    node = dentist(millbrook, with_id=False)
    for name in ("geo", "openingHoursSpecification"):
        del node[name]
    node["address"] = {
        "@type": "PostalAddress",
        "streetAddress": millbrook.street,
        "addressLocality": millbrook.city,
        "addressCountry": "US",
    }
    drafts[f"{millbrook.path}emergency-dentist/"].graph[1] = node


def _business_pages(drafts: Drafts) -> None:
    page = drafts["/"]
    _replace(
        page, 'href="/new-patients/"', 'href="/new-patients/?utm_source=home&amp;utm_medium=text"'
    )
    page = drafts["/about/"]
    page.left_out.add("brand")
    page.graph = [organization() | {"name": "Seaward Smiles Group"}]
    page.main += (
        '<p>We are members of the <a href="https://www.example.org/" target="_blank" '
        'rel="opener">state association</a>, print our <a href="{http_url}/prices/">fees</a> and '
        'have a page on <a href="/team/dr-whitlow/">Dr. Whitlow</a>, who retired last year.</p>'
    )
    page = drafts["/prices/"]
    page.left_out.add("brand")
    page.main += '<p><a href="/downloads/price-list.pdf">The list to print (PDF)</a></p>'
    page = drafts["/contact/"]
    _replace(page, 'action="/contact/send/"', 'action="{http_url}/contact/send/"')
    page.main += (
        '<p><a href="tel:call-the-desk">Call the desk</a>, '
        '<a href="mailto:hello(at)pinecovedental">write an e-mail</a>, '
        '<a href="/appointments/status/">look up your appointment</a>. '
        'Already written? <a href="/thank-you/">What happens next</a>.</p>'
    )
    page = drafts["/privacy/"]
    page.lang = "en_US"
    page = drafts["/insurance/"]
    page.left_out.add("doctype")
    page.head.append('<link rel="canonical" href="{base_url}/insurance/">')
    page.main += '<p>Then <a href="/book/">book online</a>.</p>'
    page = drafts["/smile-gallery/"]
    page.left_out.add("canonical")
    page.head.append('<link rel="canonical" href="/smile-gallery/">')
    _replace(page, 'pair-1.png" width="640" height="200"', 'pair-1.png"')
    start = page.main.rindex('alt="')
    page.main = page.main[:start] + f'alt="{_LONG_ALT}"></p>'
    page.main += '<picture><source srcset="/img/pair-1.png"></picture>'


def _odd_pages(drafts: Drafts) -> None:
    page = drafts["/welcome-offer/"]
    page.head.append('<meta name="robots" content="index, follow">')
    page.headers["X-Robots-Tag"] = "noindex"
    page.graph = [
        {
            "@type": "FAQPage",
            "mainEntity": [
                {
                    "@type": "Question",
                    "name": "Who can use the offer?",
                    "acceptedAnswer": {"@type": "Answer", "text": "Anybody new in town."},
                }
            ],
        }
    ]
    page = drafts["/thank-you/"]
    page.head.append('<meta name="robots" content="noindex, nofollow">')
    page.left_out.add("crumbs")
    page.is_listed = False
    drafts["/book/"].head.append('<meta http-equiv="refresh" content="2; url=/contact/">')
    drafts["/patient-portal/"].is_listed = False
    drafts["/patient-portal/"].main += '<p><a href="/patient-portal/records/">Records</a></p>'
    page = drafts["/aftercare-sheet/"]
    page.left_out |= {"viewport", "chrome"}
    page = drafts["/search/?q=whitening"]
    page.is_listed = False
    # The other form of the URL: both respond, with the same content.
    drafts["/about"] = _copy_of(drafts["/about/"], "/about")
    drafts["/about"].canonical = "/about/"
    drafts["/about"].is_listed = False
    drafts["/locations/"].main += f"<p>More {_a('/about', 'about us')}.</p>"
    drafts[
        "/new-patients/"
    ].main += f"<p>New in town? See our {_a('/welcome-offer/', 'welcome offer')}.</p>"


def _posts(drafts: Drafts) -> None:
    blog = {path.split("/")[2]: page for path, page in drafts.items() if path.startswith("/blog/")}
    blog["sensitive-teeth"].left_out.add("title")
    blog["sensitive-teeth"].head.append('<meta name="robots" content="max-snippet:0">')
    blog["flossing-without-fuss"].left_out.add("h1")
    blog["flossing-without-fuss"].canonical = "/blog/flossing-without-fuss/#top"
    page = blog["choosing-a-toothbrush"]
    page.main = page.main.replace("July 14, 2025", "July 14, 2024")
    page.main = page.main.replace('datetime="2025-07-14"', 'datetime="2024-07-14"')
    page.main += (
        '<p><img src="/img/scene-3.svg" width="960" height="360"></p>'
        f"<p>Prices of a check-up: {_a('/services/check-ups/', 'click here')}. "
        '<a href="/contact/" rel="nofollow">Ask Joel a question</a>.</p>'
    )
    page = blog["Gum_Disease_Signs"]
    page.main += f"<p>Worried? Call Alder Bay at {BUSINESS.locations[0].shown_phone}.</p>"
    page = blog["dental-anxiety"]
    page.left_out.add("canonical")
    _replace(page, "<h2>Things that help the body</h2>", "<h4>Things that help the body</h4>")
    page.main += (
        f"<p>{_a('/prices/#payment-plan', 'How payment works')}. "
        f"{_a('/search/?q=whitening', 'Everything on whitening')}.</p>"
    )
    page = blog["sugar-and-snacks"]
    page.canonical = "https://www.example.com/wellness/sugar-and-snacks/"
    page.main += (
        "<p>This text first appeared in the school paper, and itâ€™s used with permission. "
        '<a href="//www.example.org/school-paper/">The paper</a>.</p>'
    )
    _bad_links(blog["sports-mouthguards"])
    page = blog["dentures-day-one"]
    page.left_out |= {"description", "og", "twitter", "crumbs"}
    page.graph = []
    page.main += f"<p>After an extraction: {_a('/aftercare-sheet/', 'aftercare sheet')}.</p>"
    blog["fluoride-facts"].canonical = "/blog/fluoride/"
    blog["fluoride-facts"].is_listed = False
    drafts["/blog/page/2/"].canonical = "/blog/"
    drafts["/blog/page/2/"].is_listed = False


def _bad_links(page: Draft) -> None:
    page.main += (
        f"<p>More: {_a('/fees/', 'fees')}, {_a('/offers/', 'offers')}, "
        f"{_a('/booking/online/', 'online booking')}, "
        f"{_a('/locations/old-town/', 'the old office')}, "
        f"{_a('/services/orthodontics/', 'braces')}, "
        '<a href="/locations/"></a>'
        '<a href="javascript:openChat()">chat with us</a>, '
        '<a onclick="openMap()">show the map</a>, '
        f"{_a('/services/?sort=name&view=grid&size=20&from=1&lang=en&ref=blog', 'all services')}, "
        f"{_a('/prices/?sessionid=8f3c2a91d47b4e0c', 'your prices')}.</p>"
    )


def _news(drafts: Drafts) -> None:
    original = drafts["/blog/first-visit/"]
    original.main += f"<p>{_a('/news/first-visit/', 'Also in our newsletter')}.</p>"
    twin = _copy_of(original, "/news/first-visit/")
    twin.crumbs = [BLOG_CRUMB]
    drafts[twin.path] = twin


def _spanish(drafts: Drafts) -> None:
    pair = (
        ("en", "{base_url}/new-patients/"),
        ("es", "{base_url}/es/nuevos-pacientes/"),
        ("x-default", "{base_url}/new-patients/"),
    )
    for path in ("/new-patients/", "/es/nuevos-pacientes/"):
        drafts[path].head += [_alternate(lang, url) for lang, url in pair]
    drafts["/es/emergencias/"].head += [
        _alternate("en-UK", "/services/emergency-dentist/"),
        _alternate("en", "{base_url}/fees/"),
        _alternate("en-US", "{base_url}/services/check-ups/"),
    ]
    drafts["/es/emergencias/"].crumbs = [("/es/nuevos-pacientes/", "Español")]


def _alternate(lang: str, url: str) -> str:
    return f'<link rel="alternate" hreflang="{lang}" href="{url}">'


def _a(href: str, text: str) -> str:
    return f'<a href="{href.replace("&", "&amp;")}">{text}</a>'


def _copy_of(page: Draft, path: str) -> Draft:
    return Draft(
        path=path,
        title=page.title,
        h1=page.h1,
        description=page.description,
        main=page.main,
        updated=page.updated,
        graph=page.graph,
        left_out=set(page.left_out),
    )
