"""Texts of a report in English."""  # lint: allow L08 — one module holds one language

TITLE = "Local search report"
DEFAULT_AGENCY = "Local SEO Operating System"
SYNTHETIC = "Contains synthetic data: made-up figures for trials, not real measurements."
SYNTHETIC_ORIGIN = "synthetic data, not real measurements"
NOT_MEASURED = "not measured"
NONE = "none"
NOT_FOUND = "not found"

LABELS = {
    "contents": "Contents",
    "prepared_by": "Prepared by",
    "page": "Page",
    "of": "of",
    "synthetic": "Synthetic data",
    "examples": "Examples",
    "skip": "Skip to the report",
    "glyphs": "Characters that the fonts of this PDF do not have are shown as "
    "\N{REPLACEMENT CHARACTER}; the HTML version of this report shows them. They are:",
}

ABOUT = {
    "business": "Business",
    "site": "Website",
    "category": "Category",
    "date": "Date of the report",
    "data": "Data measured",
}
DATA_SPAN = "{first} to {last}"
CUT = "{shown} of {total} shown."
MORE = "{count} more"

SECTIONS = {
    "summary": "Summary",
    "recommendations": "What to do next",
    "technical": "Technical health",
    "visibility": "Visibility in search",
    "local": "Local profiles",
    "reviews": "Reviews",
    "authority": "Authority",
    "entity": "Entity",
    "method": "Method and definitions",
}
MEASURED_ON = "Measured on {day}"
MEASURED_BY = "Measured on {day}, source: {source}"
OF_INPUTS = "Made from the measurements below"

SEVERITIES = {
    "critical": "Critical",
    "high": "High",
    "medium": "Medium",
    "low": "Low",
    "info": "Information",
}
STATES = {
    "found": "found",
    "not_found": "not found",
    "empty": "no results",
    "error": "error",
    "unmeasured": "not measured",
}
ADVICE_STATES = {
    "generated": "proposed",
    "validated": "proposed, fully measured",
    "approved": "approved",
    "scheduled": "scheduled",
    "executed": "done, not yet verified",
    "verified": "verified",
    "not_verified": "done, not confirmed",
    "rejected": "rejected",
    "archived": "archived",
}
ROOMS = {
    "crawl": "website",
    "rank": "rankings",
    "local": "local profiles",
    "reviews": "reviews",
    "authority": "links",
    "entity": "entity",
}
SCORE_PARTS = {
    **{room: name.capitalize() for room, name in ROOMS.items()},
    "technical": "Technical health",
    "visibility": "Visibility",
    "profile_health": "Profile health",
    "authority": "Authority",
    "entity": "Entity",
    "reviews": "Reviews",
}
HEALTH_PARTS = {
    "completeness": "Completeness",
    "photos": "Photos",
    "reviews": "Reviews",
    "categories": "Categories",
    "posts": "Posts",
    "nap": "NAP",
}
ENTITY_PARTS = {
    "identity": "Identity",
    "agreement": "Agreement of NAP",
    "same_as": "Profiles (sameAs)",
    "coverage": "Locations and services",
    "topics": "Topics of keywords",
}
SURFACES = {
    "structured_data": "structured data",
    "visible_text": "visible text",
    "profile": "profile",
}
MATCHES = {
    "exact": "same",
    "format_only": "same, written differently",
    "minor": "small difference",
    "review": "look at it",
    "wrong": "different",
    "missing": "missing",
}

TILE_SCORE = "Campaign score"
TILE_TECHNICAL = "Technical score"
TILE_VISIBILITY = "Visibility"
TILE_PACK = "Local pack"
TILE_PROFILES = "Profile health"
TILE_REVIEWS = "Review quality"
TILE_AUTHORITY = "Authority"
TILE_ENTITY = "Entity score"
UP = "up {steps}"
DOWN = "down {steps}"
UNKNOWN = "unknown"
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAY = "{day}\N{NO-BREAK SPACE}{month}\N{NO-BREAK SPACE}{year}"
TILE_CLEAN = "Pages without severe findings"
TILE_CLEAN_DETAIL = "of {eligible} pages meant for search"
TILE_MEASURED = "URLs measured"
TILE_MEASURED_DETAIL = "of {admitted}; {pages} are pages"
TILE_SEVERE = "Severe findings"
TILE_SEVERE_DETAIL = "of {total} findings: critical or high"
TILE_TOP_3 = "Places 1 to 3"
TILE_TOP_10 = "Places 1 to 10"
POINTS = "; {change} points"
OUT_OF_100 = "of 100"
DELTA = "of 100, {change} since the measurement before"
UNCHANGED = "unchanged"
MEAN_OF = "of 100, mean of {count} of {total} locations"
PERCENT_OF = "of the clicks of first places; {count} keywords counted"
PACK_SHOWN = "of {measured} keywords that show one"
PACK_OF = "of {measured} measured keywords"

SAY_SCORE = "The campaign score is {score} of 100, made from {parts} of {of} measured parts."
SAY_TECHNICAL = (
    "The website has a technical score of {score} of 100{change}. {measured} of {admitted} URLs"
    " answered and were checked."
)
SAY_NO_TECHNICAL = (
    "The website has no technical score yet: {measured} of {admitted} URLs could be measured,"
    " which is too little for one."
)
SAY_CHANGE = ", {change} since the run before"
SAY_CLEAN = "{clean} of {eligible} pages are free of critical and high findings ({percent} %)."
SAY_WORST = "The most severe finding: {title} ({findings})."
SAY_VISIBILITY = (
    "Visibility in search is {value} %{change}: the share of clicks that first places for all"
    " {denominator} counted keywords would bring."
)
SAY_VISIBILITY_CHANGE = ", {change} points since {day}"
SAY_TOP = "{top3} of {measured} measured keywords stand on places 1 to 3, {top10} on 1 to 10."
SAY_PACK = "The business is in the local pack for {present} of {measured} keywords that show one."
SAY_PROFILES = (
    "The profiles of {count} of {total} locations have a health score, {mean} of 100 on average;"
    " the lowest is {location} with {low}."
)
SAY_NAP = "Name, address and phone agree in {agree} of {compared} compared fields."
SAY_REVIEWS = "{count} reviews are on record; {unanswered} of the newest {newest} are unanswered."
SAY_AUTHORITY = "Authority is {score} of 100, measured against {competitors} competitors."
SAY_ENTITY = "The entity score, how well the business can be recognised, is {score} of 100."
SAY_NEXT = "The first thing to do: {title}."
SAY_ABSENT = "Not part of this report, because it was not measured: {names}."
SAY_NOTHING = "Nothing has been measured yet. The next report will have figures."

PARTS_TITLE = "Parts of the campaign score"
PARTS_SAY = "{name}: {value}"
SCORE_HISTORY = "Campaign score by day"
HISTORY_SAY = "From {first} on {first_day} to {last} on {last_day}, {count} measured days."

TECH_HISTORY = "Technical score by run"
TECH_TOPICS = "Findings by topic and severity"
TECH_TOPICS_SAY = "{topic}: {counts}"
TOPICS = {
    "fetch": "Answers of the server",
    "url": "URLs",
    "sitemap": "Sitemaps",
    "indexability": "Indexability",
    "canonical": "Canonicals",
    "head": "Titles and descriptions",
    "content": "Content",
    "image": "Images",
    "links": "Links",
    "pagination": "Pagination",
    "hreflang": "Languages (hreflang)",
    "structured_data": "Structured data",
    "local": "Local business",
    "security": "Security",
    "ai": "AI search",
}
TECH_SAMPLED = (
    "The run met its page or depth budget, so it shows a part of the site. Checks that need the"
    " whole site were not judged."
)
TECH_CHECKS = "Findings by check, the most severe first"
TECH_CHECK_COLUMNS = ("Finding", "Severity", "Findings", "Pages affected", "Example")
TECH_PAGES_AFFECTED = "{affected} of {eligible}"
TECH_PAGES = "Pages with the most severe findings"
TECH_PAGE_COLUMN = "Page"
TECH_NO_FINDINGS = "No check found anything to mend."
TECH_CHANGES = "What changed since the run before"
TECH_APPEARED = "New: {names}"
TECH_GONE = "No longer found: {names}"
TECH_SAME = "The same checks fire as in the run before."

RANK_HISTORY = "Visibility by day, in percent"
RANK_BUCKETS = "Measured keywords by place in the results"
RANK_BUCKET_TEXT = "{count} of {total}"
BUCKETS = {
    "1-3": "Places 1 to 3",
    "4-10": "Places 4 to 10",
    "11-20": "Places 11 to 20",
    "not_found": "Not in the results",
}
RANK_UNCOUNTED = "{count} of {total} keywords could not be measured and are in no figure: {states}."
RANK_UP = "Keywords that gained"
RANK_DOWN = "Keywords that lost"
RANK_NO_MOVES = "No keyword changed its place between {previous} and {day}."
RANK_FIRST = "This is the first measurement; changes show from the next one on."
RANK_MOVE_COLUMNS = ("Keyword", "Place and device", "Before", "Now", "Change")
RANK_KEYWORDS = "Keywords"
RANK_KEYWORD_COLUMNS = ("Keyword", "Place and device", "Volume", "Position", "Local pack")
NO_PACK = "none shown"
RANK_ENTERED = "new in the results"
RANK_LEFT = "left the results"

LOCAL_HEALTH = "Profile health by location"
LOCAL_PARTS = "Parts of profile health, points reached of points possible"
LOCAL_COLUMN = "Location"
LOCAL_SCORE = "Score"
NAP_TITLE = "Name, address and phone (NAP) by location and place"
NAP_COLUMNS = ("Location", "Where", "Name", "Address", "Phone")

REVIEW_TABLE = "Reviews by location"
REVIEW_COLUMNS = (
    "Location",
    "Rating",
    "Reviews",
    "New a month",
    "Answered, of the last year's",
    "Quality",
)
REVIEW_RATINGS = "Reviews on record by stars"
STARS = "{count} stars"
STAR = "1 star"
REVIEW_NEWEST = "Newest reviews"
REVIEW_NEWEST_COLUMNS = ("Review", "Location", "Stars", "Date", "Answered")
NO_WORDS = "(a rating without words)"
YES = "yes"
NO = "no"

LINKS_TITLE = "Links to the own site and to competitors"
LINKS_COLUMNS = ("Domain", "Links", "Referring domains", "Of them followed")
LINKS_OWN = "own site"
AUTHORITY_DETAIL = "of 100, against {count} measured competitors"
TILE_DOMAINS = "Referring domains"
TILE_DOMAINS_DETAIL = "that link to the own site"
TILE_LINKS = "Links"
TILE_LINKS_DETAIL = "to the own site"
LINKS_CHART = "Referring domains with followed links"
LINKS_CHANGES = "{gained} links were first seen and {lost} were lost in the last {days} days."

ENTITY_TABLE = "Parts of the entity score"
ENTITY_COLUMNS = ("Part", "Points", "Of", "Evidence")
ENTITY_CHART = "Points reached, in percent of each part's points"
ENTITY_MISSING = "missing: {names}"
ENTITY_DETAIL = "of 100, from {points} of 100 points measured"
ENTITY_BAR = "{points} of {of}"

ADVICE_INTRO = "{shown} of {total} open recommendations, the most urgent first."
ADVICE_NONE = "There is nothing to recommend: no measurement asks for action."
ADVICE_META_ROOM = "Area: {room}"
ADVICE_META_EFFORT = "Effort {effort} of 5"
ADVICE_META_RISK = "Risk tier {tier} of 4"
ADVICE_META_CONFIDENCE = "Confidence {confidence} of 1"
ADVICE_META_AFFECTED = "Concerns {count} of {of} {unit}"
ADVICE_META_STATE = "{state}"
ADVICE_STATE_TITLE = "Open and ended recommendations by state"
ADVICE_STATE_TEXT = "{count} of {total}"

METHOD_SCALE = (
    "Scores run from 0 to 100. In this report good means 80 or more, fair 50 to under 80, weak"
    " under 50. A figure that was not measured is shown as such and never as 0."
)
METHOD_STATES = (
    "What could not be measured (errors, blocked or not asked) is in no percentage. Each percentage"
    " names the number that it is a share of."
)
METHOD_TECHNICAL = (
    "Technical score ({formula}): 100, lowered by each check that fires, by its severity and by the"
    " share of pages it affects. It is about pages that are meant to be found in search."
)
METHOD_VISIBILITY = (
    "Visibility ({formula}): expected clicks at the measured positions, weighted by search volume,"
    " in percent of the clicks that first places would bring. A keyword that is not found counts 0."
)
METHOD_LOCAL = (
    "Profile health: completeness 25, photos 15, reviews 20, categories 15, posts 10 and NAP 15"
    " points. Parts that were not measured are left out and the rest is scaled to 100; there is no"
    " score when less than half of the points could be judged."
)
METHOD_NAP = (
    "NAP: name, address and phone of a location, compared with what the business says. A different"
    " way of writing the same is no error."
)
METHOD_REVIEWS = (
    "Review quality: rating 50, answers within the last 365 days 25, freshness of the ten newest"
    " 25 points. New a month: reviews of the last 90 days, divided by three."
)
METHOD_AUTHORITY = (
    "Authority ({formula}): domains with followed links to the site, on a logarithmic scale against"
    " the strongest measured competitor. Without a measured competitor there is no score."
)
METHOD_ENTITY = (
    "Entity score ({formula}): identity 30, agreement 20, profiles 15, coverage 15 and topics 20"
    " points. Parts without facts are left out and the rest is scaled to 100."
)
METHOD_ADVICE = (
    "Recommendations follow from the measurements by fixed rules (library {version}). Priority is"
    " impact times confidence, divided by effort. Risk tier 0 changes texts only, 4 can remove"
    " pages from search."
)
METHOD_INPUTS = "Inputs of this report: SHA-256 {hash}."
GRADES = {"good": "good", "warn": "fair", "bad": "weak"}
