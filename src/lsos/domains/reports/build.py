"""Makes a report from a snapshot."""

from lsos.domains.reports.document import Report, Theme
from lsos.domains.reports.facts import Snapshot


def build(snapshot: Snapshot) -> Report:
    """The same snapshot gives the same report."""
    return Report(
        title=snapshot.campaign.name,
        subtitle="",
        agency=snapshot.brand.name,
        sender=snapshot.brand.sender,
        footer=snapshot.brand.footer,
        logo=snapshot.brand.logo,
        language=snapshot.locale,
        date=snapshot.generated_at.strftime("%Y-%m-%d"),
        about=[],
        labels={},
        notice="",
        theme=Theme(
            cover="#1f4e79",
            on_cover="#ffffff",
            ink="#1f4e79",
            tint="#eef2f6",
            mark="#1f4e79",
            accent="#b35f14",
        ),
        sections=[],
        generated_at=snapshot.generated_at,
        snapshot=snapshot.sha256,
    )
