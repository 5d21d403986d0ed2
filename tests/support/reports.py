"""A snapshot with every section, as a medium-sized campaign has it."""

from datetime import UTC, datetime, timedelta

import msgspec

from lsos.domains.reports import facts, rules

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DAY = AT.date()


def full(**changes: object) -> facts.Snapshot:
    given: dict[str, object] = {
        "campaign": facts.Campaign(
            name="Bluebell Dental",
            business_name="Bluebell Dental Care",
            site_url="https://bluebell.example/",
            category="Dentist",
            services=["Implants", "Teeth whitening"],
        ),
        "brand": facts.Brand(
            name="Northlight Agency",
            sender="Anna Berzina, Northlight Agency",
            footer="Northlight Agency, 1 Harbour Street, Riga\nreports@northlight.example",
        ),
        "sections": [
            "summary",
            "recommendations",
            "technical",
            "visibility",
            "local",
            "reviews",
            "authority",
            "entity",
            "method",
        ],
        "generated_at": AT,
        "score": score(),
        "technical": technical(),
        "visibility": rank(),
        "local": local(),
        "reviews": reviews(),
        "authority": authority(),
        "entity": entity(),
        "recommendations": recommendations(),
    }
    return facts.Snapshot(**(given | changes))  # type: ignore[arg-type]  # fields by name


def long() -> facts.Snapshot:
    """With long lists: ten pages."""
    replace = msgspec.structs.replace
    site, seen, advice = technical(), rank(), recommendations()
    rows = [row for _ in range(9) for row in seen.keywords]
    return full(
        technical=replace(site, checks=(site.checks * 4)[: rules.MAX_CHECKS]),
        visibility=replace(seen, keywords=rows[: rules.MAX_KEYWORDS], keywords_total=len(rows)),
        recommendations=replace(advice, top=(advice.top * 3)[: rules.MAX_ADVICE]),
    )


def empty() -> facts.Snapshot:
    return facts.Snapshot(
        campaign=facts.Campaign(name="New"), brand=facts.Brand(), sections=["summary", "technical"],
        generated_at=AT,
    )  # fmt: skip


def days(values: list[float | None], step: int = 7) -> list[facts.Point]:
    first = DAY - timedelta(days=step * (len(values) - 1))
    return [
        facts.Point(day=first + timedelta(days=step * i), value=value)
        for i, value in enumerate(values)
    ]


def score() -> facts.Score:
    values = {
        "technical": 78.4,
        "visibility": 31.2,
        "local": 74.0,
        "reviews": 81.6,
        "authority": 84.2,
        "entity": 66.5,
    }
    return facts.Score(
        day=DAY,
        score=68.9,
        parts=[facts.ScorePart(name=n, value=v, weight=1.0) for n, v in values.items()],
        history=days([61.0, 62.5, None, 64.1, 66.0, 65.2, 68.9]),
    )


def technical() -> facts.Technical:
    rows = (
        ("http_5xx", "Page answers with a server error", "critical", "fetch", 2, 2),
        ("broken_link", "Links lead to pages that are gone", "high", "links", 14, 9),
        ("missing_title", "Page has no title", "high", "head", 3, 3),
        ("duplicate_title", "Pages share one title", "medium", "head", 18, 18),
        ("missing_description", "Page has no meta description", "medium", "head", 41, 41),
        ("image_alt_missing", "Images have no alternative text", "low", "image", 96, 57),
        ("nap_not_on_page", "Location page lacks address or phone", "medium", "local", 2, 2),
        ("url_uppercase", "URL has capital letters", "info", "url", 5, None),
    )
    checks = [
        facts.CheckCount(
            code=code,
            title=title,
            severity=severity,
            topic=topic,
            findings=findings,
            affected=affected,
            example=f"https://bluebell.example/services/{code.replace('_', '-')}",
            fix="Mend the page.",
        )
        for code, title, severity, topic, findings, affected in rows
    ]
    topics: dict[str, dict[str, int]] = {}
    for c in checks:
        topics.setdefault(c.topic, {}).setdefault(c.severity, 0)
        topics[c.topic][c.severity] += c.findings
    return facts.Technical(
        measured_at=AT - timedelta(days=1),
        score=78.4,
        previous_score=75.9,
        formula="lsos-tech-v2",
        pages=132,
        eligible=124,
        admitted=161,
        measured=160,
        is_cut_off=False,
        clean_share=0.8952,
        severities={"critical": 2, "high": 17, "medium": 61, "low": 96, "info": 5},
        checks=checks,
        checks_total=31,
        topics=topics,
        worst_pages=[
            facts.PageCount(
                url=f"https://bluebell.example/services/treatment-{i}",
                counts={"critical": int(i < 2), "high": 3 - i % 3, "medium": 2, "low": 4},
            )
            for i in range(8)
        ],
        appeared=["Page answers with a server error"],
        gone=["Redirects form a chain", "Page is only reachable by the sitemap"],
        history=days([70.2, 71.0, 74.4, 75.9, 78.4]),
    )


def rank(source: str = "synthetic") -> facts.Rank:
    words = ["dentist", "dental implants", "teeth whitening", "emergency dentist", "invisalign"]
    towns = ["Riga", "Jūrmala", "Αθήνα", "Київ"]
    rows = [
        facts.KeywordRow(
            keyword=f"{word} {town.lower()}",
            place=town,
            device="mobile" if n % 2 else "desktop",
            state="not_found" if (n + m) % 6 == 5 else "found",
            position=None if (n + m) % 6 == 5 else 1 + (n * 7 + m * 3) % 20,
            pack_state="found" if n % 3 == 0 else "not_found",
            pack_position=1 + m % 3 if n % 3 == 0 else None,
            volume=None if n == 4 else 90 * (n + 1) * (m + 2),
        )
        for n, word in enumerate(words)
        for m, town in enumerate(towns)
    ]
    return facts.Rank(
        measured_at=AT - timedelta(hours=3),
        source=source,
        day=DAY,
        previous_day=DAY - timedelta(days=7),
        visibility=31.2,
        previous_visibility=28.4,
        visibility_day=DAY - timedelta(days=7),
        formula="lsos-visibility-v1, sistrix-2020-mobile",
        denominator=20,
        states={"found": 17, "not_found": 3, "error": 2, "unmeasured": 1},
        buckets={"1-3": 4, "4-10": 6, "11-20": 7, "not_found": 3},
        pack_present=8,
        pack_measured=20,
        up=[
            facts.Mover(
                keyword="dental implants riga",
                place="Riga",
                device="desktop",
                position=4,
                previous=11,
            ),
            facts.Mover(
                keyword="invisalign київ", place="Київ", device="mobile", position=9, previous=None
            ),
        ],
        down=[
            facts.Mover(
                keyword="dentist αθήνα", place="Αθήνα", device="mobile", position=None, previous=14
            ),
        ],
        keywords=rows,
        keywords_total=64,
        history=days([24.0, 25.5, 27.1, None, 28.4, 31.2]),
    )


def local(source: str = "synthetic") -> facts.Local:
    names = ["Riga, Brivibas street", "Jūrmala, Jomas street", "Liepāja, Liela street"]
    points: list[list[float | None]] = [
        [23.0, 12.0, 16.3, 15.0, None, 15.0],
        [18.0, 9.0, 12.1, 5.0, 10.0, 10.0],
        [25.0, 15.0, 18.0, 15.0, 10.0, 15.0],
    ]
    parts = (
        ("completeness", 25),
        ("photos", 15),
        ("reviews", 20),
        ("categories", 15),
        ("posts", 10),
        ("nap", 15),
    )
    locations = [
        facts.LocationHealth(
            location=name,
            state="found",
            score=value,
            parts=[
                facts.HealthPart(name=part, points=p, of=of)
                for (part, of), p in zip(parts, row, strict=True)
            ],
        )
        for name, row, value in zip(names, points, (90.3, 64.1, 98.0), strict=True)
    ]
    locations.append(facts.LocationHealth(location="Daugavpils", state="error", score=None))
    nap = [
        facts.NapRow(
            location=name,
            surface=surface,
            name="exact",
            address="format_only" if i else "wrong",
            phone="missing" if surface == "structured_data" and i == 1 else "exact",
        )
        for i, name in enumerate(names)
        for surface in ("structured_data", "visible_text", "profile")
    ]
    return facts.Local(
        measured_at=AT - timedelta(days=2),
        source=source,
        locations=locations,
        locations_total=4,
        scores=[90.3, 64.1, 98.0],
        nap=nap,
        nap_total=9,
        nap_agree=23,
        nap_judged=27,
    )


def reviews(source: str = "synthetic") -> facts.Reviews:
    return facts.Reviews(
        measured_at=AT - timedelta(days=2),
        source=source,
        locations=[
            facts.ReviewStats(
                location="Riga, Brivibas street",
                state="found",
                rating=4.7,
                reviews=212,
                velocity=6.3,
                responded=84,
                responded_of=100,
                quality=88.2,
            ),
            facts.ReviewStats(
                location="Jūrmala, Jomas street",
                state="found",
                rating=4.2,
                reviews=58,
                velocity=1.7,
                responded=9,
                responded_of=29,
                quality=61.0,
            ),
            facts.ReviewStats(
                location="Daugavpils",
                state="error",
                rating=None,
                reviews=0,
                velocity=None,
                responded=None,
                responded_of=None,
                quality=None,
            ),
        ],
        locations_total=3,
        total=270,
        qualities=[88.2, 61.0],
        ratings={"5": 190, "4": 48, "3": 15, "2": 6, "1": 11},
        newest=[
            facts.ReviewText(
                location="Riga, Brivibas street",
                author="Jānis K.",
                rating=5,
                text="Ļoti laba attieksme, paldies! 😀",
                published_at=AT - timedelta(days=3),
                is_answered=True,
            ),
            facts.ReviewText(
                location="Jūrmala, Jomas street",
                author="נועה",
                rating=2,
                text="חיכיתי שעה. The waiting room was full.",
                published_at=AT - timedelta(days=5),
                is_answered=False,
            ),
            facts.ReviewText(
                location="Riga, Brivibas street",
                author="سارة",
                rating=4,
                text="عيادة نظيفة",
                published_at=AT - timedelta(days=9),
                is_answered=True,
            ),
        ],
    )


def authority(source: str = "synthetic") -> facts.Authority:
    rows = (
        ("bluebell.example", True, 1_240, 96, 71),
        ("smile-riga.example", False, 3_100, 214, 160),
        ("dent-plus.example", False, 410, 58, 40),
    )
    domains = [
        facts.DomainLinks(
            domain=name,
            is_own=own,
            state="found",
            backlinks=links,
            referring_domains=referring,
            followed_domains=followed,
        )
        for name, own, links, referring, followed in rows
    ]
    domains.append(
        facts.DomainLinks(
            domain="zobi.example",
            is_own=False,
            state="error",
            backlinks=None,
            referring_domains=None,
            followed_domains=None,
        )
    )
    return facts.Authority(
        measured_at=AT - timedelta(days=4),
        source=source,
        score=84.2,
        formula="lsos-authority-v1",
        domains=domains,
        domains_total=len(domains),
        competitors_measured=2,
        gained=12,
        lost=5,
    )


def entity() -> facts.Entity:
    part = facts.EntityPart
    return facts.Entity(
        measured_at=AT - timedelta(days=1),
        score=66.5,
        formula="lsos-entity-v1",
        parts=[
            part(
                name="identity", points=25, of=30, count=5, total=6, basis="facts of the main node",
                missing=["image"],
            ),
            part(name="agreement", points=14, of=20, count=7, total=10, basis="stated facts"),
            part(name="same_as", points=10, of=15, count=2, total=3, basis="valid profiles"),
            part(name="coverage", points=None, of=15),
            part(name="topics", points=7.5, of=20, count=3, total=8, basis="keywords"),
        ],
    )  # fmt: skip


def recommendations() -> facts.Recommendations:
    rows = (
        ("Mend pages that answer with a server error", "crawl", 3, 0.98, 1, 2, 124),
        ("Give every page a title of its own", "crawl", 2, 0.98, 0, 18, 124),
        ("Answer the reviews that wait", "reviews", 1, 0.8, 0, 37, 90),
        ("Correct the address of one location", "local", 1, 0.95, 1, 1, 4),
    )
    return facts.Recommendations(
        measured_at=AT,
        library_version="2026.11.0",
        total=19,
        by_state={"generated": 4, "validated": 13, "approved": 2, "verified": 5},
        by_risk_tier={"0": 9, "1": 8, "2": 2},
        average_confidence=0.91,
        top=[
            facts.Advice(
                title=title,
                room=room,
                group="",
                state="validated",
                impact=0.12,
                effort=effort,
                confidence=confidence,
                risk_tier=tier,
                priority=0.04,
                affected=affected,
                of=of,
                action="Open the pages below, find what they have in common, and mend it at its"
                " source, so that the same fault can't come back with the next page.",
                sample=[f"https://bluebell.example/page-{i}" for i in range(5)],
            )
            for title, room, effort, confidence, tier, affected, of in rows
        ],
    )
