"""Lists the defects of the demo site and where they are, so that an audit can be graded.

Codes are those of the checks. A path is the page that a finding is about: the linking page for
links, the first URL for redirects, the home page or /robots.txt for host-wide defects.
"""

from collections.abc import Mapping

Ledger = Mapping[str, tuple[str, ...]]

_TWINS = ("/blog/first-visit/", "/news/first-visit/")
_WHITENING = tuple(
    f"/locations/{town}/teeth-whitening/" for town in ("alder-bay", "fenwick-harbor", "millbrook")
)
_LONG_POST = (
    "/blog/whitening-at-home-what-works-what-does-not-work-and-what-the-labels-on-the-boxes-"
    "in-the-drugstore-aisle-never-tell-you/"
)
_MANY_PARAMS = "/services/?sort=name&view=grid&size=20&from=1&lang=en&ref=blog"
_WITH_SESSION = "/prices/?sessionid=8f3c2a91d47b4e0c"

FAULTS: Ledger = {
    # fetch
    "http_4xx": ("/services/orthodontics/", "/team/dr-lowell/"),
    "http_5xx": ("/appointments/status/",),
    "soft_404": ("/team/dr-whitlow/",),
    "redirect_linked": ("/blog/sports-mouthguards/",),
    "redirect_chain": ("/offers/",),
    "redirect_loop": ("/booking/online/",),
    "redirect_to_error": ("/locations/old-town/",),
    "redirect_meta_refresh": ("/book/",),
    "fragment_broken": ("/blog/dental-anxiety/",),
    "mime_mismatch": ("/downloads/price-list.pdf",),
    # indexability
    "noindex": ("/thank-you/",),
    "nofollow_page": ("/thank-you/",),
    "nosnippet": ("/blog/sensitive-teeth/",),
    "robots_blocked": ("/patient-portal/",),
    "resource_blocked": ("/services/dental-implants/",),
    "robots_meta_header_conflict": ("/welcome-offer/",),
    "schema_on_noindex": ("/welcome-offer/",),
    "internal_nofollow": ("/blog/choosing-a-toothbrush/",),
    "mixed_follow": ("/contact/",),
    "robots_txt_invalid": ("/robots.txt",),
    # canonical
    "canonical_missing": ("/blog/dental-anxiety/",),
    "canonical_multiple": ("/insurance/",),
    "canonical_conflict": ("/services/dental-crowns/",),
    "canonical_relative": ("/smile-gallery/",),
    "canonical_fragment": ("/blog/flossing-without-fuss/",),
    "canonical_to_error": ("/blog/fluoride-facts/",),
    "canonical_cross_host": ("/blog/sugar-and-snacks/",),
    "paginated_canonical_first": ("/blog/page/2/",),
    "link_to_noncanonical": (
        "/",
        "/blog/",
        "/blog/dental-anxiety/",
        "/blog/flossing-without-fuss/",
        "/blog/page/2/",
        "/blog/sports-mouthguards/",
        "/blog/sugar-and-snacks/",
        _LONG_POST,
        "/locations/",
    ),
    # sitemap
    "sitemap_non200": ("/team/dr-lowell/",),
    "sitemap_redirect": ("/fees/",),
    "sitemap_noindex": ("/welcome-offer/",),
    "sitemap_blocked": ("/patient-portal/records/",),
    "sitemap_noncanonical": ("/blog/sugar-and-snacks/",),
    "sitemap_offhost": ("https://www.pinecovedental.example/specials/",),
    "sitemap_lastmod_invalid": ("/sitemap.xml",),
    "sitemap_lastmod_drift": ("/blog/sports-mouthguards/",),
    "indexable_not_in_sitemap": ("/search/?q=whitening",),
    # links
    "sitemap_orphan": ("/careers/",),
    "weak_inlinks": (
        "/aftercare-sheet/",
        "/book/",
        "/es/emergencias/",
        "/news/first-visit/",
        "/search/?q=whitening",
    ),
    "dead_end": ("/aftercare-sheet/",),
    "anchor_empty": ("/blog/sports-mouthguards/",),
    "anchor_generic": ("/blog/choosing-a-toothbrush/",),
    "link_uncrawlable": ("/blog/sports-mouthguards/",),
    "tel_mailto_bad": ("/contact/",),
    # url
    "url_upper": ("/blog/Gum_Disease_Signs/",),
    "url_underscore": ("/blog/Gum_Disease_Signs/",),
    "url_space": ("/downloads/new%20patient%20form/",),
    "url_long": (_LONG_POST,),
    "url_params_many": (_MANY_PARAMS,),
    "url_tracking_internal": ("/",),
    "url_session_id": (_WITH_SESSION,),
    "url_slash_duplicate": ("/about", "/about/"),
    "url_internal_search": ("/search/?q=whitening",),
    # head
    "title_missing": ("/blog/sensitive-teeth/",),
    "title_duplicate": _TWINS,
    "title_multiple": ("/services/dental-implants/",),
    "title_long": ("/blog/choosing-a-toothbrush/",),
    "title_short": ("/prices/",),
    "title_eq_h1": ("/about/",),
    "title_pattern_outlier": ("/about/", "/prices/"),
    "desc_missing": ("/blog/dentures-day-one/",),
    "desc_duplicate": _TWINS,
    "desc_multiple": ("/services/fillings/",),
    "desc_long": ("/blog/choosing-a-toothbrush/",),
    "desc_short": ("/privacy/",),
    "h1_missing": ("/blog/flossing-without-fuss/",),
    "h1_multiple": ("/services/dental-implants/",),
    "h1_duplicate": _TWINS,
    "h1_long": (_LONG_POST,),
    "heading_skip": ("/blog/dental-anxiety/",),
    "lang_missing": ("/services/teeth-whitening/",),
    "lang_invalid": ("/privacy/",),
    "charset_missing": ("/services/root-canal/",),
    "doctype_missing": ("/insurance/",),
    "viewport_missing": ("/aftercare-sheet/",),
    "og_missing": ("/blog/dentures-day-one/",),
    "twitter_missing": ("/blog/dentures-day-one/",),
    "dup_ids": ("/services/teeth-whitening/",),
    # content
    "thin_content": ("/services/mouthguards/", "/team/dr-whitlow/"),
    "thin_vs_site_norm": ("/services/mouthguards/",),
    "dup_exact": _TWINS,
    "lorem_placeholder": ("/services/root-canal/",),
    "mojibake": ("/blog/sugar-and-snacks/",),
    "keyword_stuffing": (_LONG_POST,),
    "date_disagreement": ("/blog/choosing-a-toothbrush/",),
    "copyright_stale": ("/",),
    # image
    "img_alt_missing": ("/blog/choosing-a-toothbrush/",),
    "img_alt_long": ("/smile-gallery/",),
    "img_no_size": ("/smile-gallery/",),
    "img_format_legacy": ("/smile-gallery/",),
    "picture_no_img": ("/smile-gallery/",),
    # hreflang
    "hreflang_invalid_code": ("/es/emergencias/",),
    "hreflang_relative": ("/es/emergencias/",),
    "hreflang_no_self": ("/es/emergencias/",),
    "hreflang_no_return": ("/es/emergencias/",),
    "hreflang_to_redirect": ("/es/emergencias/",),
    "hreflang_no_xdefault": ("/es/emergencias/",),
    # security
    "csp_missing": ("/",),
    "xfo_missing": ("/",),
    "blank_no_noopener": ("/about", "/about/"),
    "protocol_relative": ("/blog/sugar-and-snacks/",),
    # structured data
    "jsonld_parse_error": ("/services/fillings/",),
    "sd_missing": ("/blog/dentures-day-one/",),
    "sd_coverage_outlier": ("/blog/dentures-day-one/",),
    "breadcrumb_missing": ("/blog/dentures-day-one/",),
    "lb_required": ("/locations/fenwick-harbor/",),
    "lb_phone_no_cc": ("/locations/millbrook/",),
    "lb_geo_precision": ("/locations/millbrook/",),
    "lb_hours_invalid": ("/locations/millbrook/",),
    "lb_self_rating": ("/locations/millbrook/",),
    "sd_text_mismatch": ("/locations/millbrook/",),
    "lb_address_incomplete": ("/locations/millbrook/emergency-dentist/",),
    "lb_recommended": ("/locations/millbrook/emergency-dentist/",),
    "sd_id_conflict": ("/about", "/about/"),
    # ai
    "ai_search_bot_blocked": ("/robots.txt",),
    "ai_training_policy": ("/robots.txt",),
    "content_signal_conflict": ("/robots.txt",),
    "llms_txt_missing": ("/",),
}
"""Defects that any complete crawl from the home page finds."""

CAMPAIGN_FAULTS: Ledger = {
    "location_title_no_place": ("/locations/millbrook/",),
    "location_page_thin_proof": ("/locations/fenwick-harbor/",),
    "click_to_call_missing": ("/blog/Gum_Disease_Signs/",),
    "nap_vs_profile": ("/locations/millbrook/",),
    "doorway_city_pages": _WHITENING,
}
"""Defects found if the campaign has the three locations of the business."""

PUBLIC_FAULTS: Ledger = {
    "mixed_content": ("/services/dental-implants/",),
    "form_insecure": ("/contact/",),
    "https_downgrade": ("/about", "/about/"),
    "hsts_missing": ("/",),
}
"""Defects found only with an https base URL on a public name; loopback hosts are exempt."""

SIDE_EFFECTS: Ledger = {
    "canonical_unlinked": ("/blog/fluoride-facts/",),
    "dup_near": _WHITENING,
    # Reached only as a redirect target and as a canonical, not by links.
    "http_4xx": ("/locations/old-town-closed/", "/blog/fluoride/"),
    # Whichever commercial pages are in the lowest quarter.
    "money_page_low_link_score": (),
    "thin_content": ("/book/", "/search/?q=whitening"),
    "thin_vs_site_norm": ("/book/", "/search/?q=whitening", "/team/dr-whitlow/"),
}
"""May also be found, as side effects or by the nature of the check; no paths: on any page."""
