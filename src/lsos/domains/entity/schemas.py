"""Bodies of the entity routes."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from lsos.core.http.schema import In, Out
from lsos.domains.entity.rules import Part, PartName


class EntityAnalyze(In):
    """Analyse the entity of a campaign."""

    campaign_id: UUID
    """Campaign whose site is analysed."""


class AnalysisAccepted(Out):
    """An analysis that was accepted."""

    job_id: UUID
    """Job that does the work."""
    report_id: UUID
    """Report that it will fill."""
    crawl_run_id: UUID
    """Run whose pages are judged."""


class EntityShown(Out):
    """An organisation that the structured data of the site describes."""

    id: str | None
    """Its @id; null: it has none."""
    types: list[str]
    """Its schema.org types, at most 10."""
    names: list[str]
    """Names that pages state, at most 5."""
    telephones: list[str]
    """Phone numbers that pages state, at most 5."""
    addresses: list[str]
    """Addresses that pages state, at most 5."""
    urls: list[str]
    """URLs that pages state, at most 5."""
    same_as: int
    """How many profiles sameAs names."""
    pages: int
    """Pages that describe it."""
    references: int
    """References to it from other nodes."""


class Reference(Out):
    """A property of one node that names another."""

    source: str | None = msgspec.field(name="from")
    """@id of the node; null: it has none."""
    property: str
    """The property, such as department."""
    target: str = msgspec.field(name="to")
    """@id that it names."""


class StatedValue(Out):
    """A value and a page that states it."""

    value: str
    """The value as it is stated."""
    page: str
    """A page that states it."""


class Contradiction(Out):
    """Values of one @id that contradict each other between pages."""

    id: str
    """The @id."""
    property: str
    """The property, such as telephone."""
    values: list[StatedValue]
    """What is stated, and where."""


class DanglingReference(Out):
    """A reference to an @id that no page describes."""

    id: str
    """The @id."""
    references: int
    """How many references name it."""
    page: str
    """A page that names it."""


class EntityGraph(Out):
    """What the structured data of the site says, and how it hangs together."""

    pages: int
    """Pages that were read."""
    pages_with_data: int
    """Pages with structured data among these."""
    is_cut_off: bool
    """The run met its budget: what is missing may exist."""
    is_complete: bool
    """false: there were more nodes than are kept."""
    nodes: int
    """Nodes of structured data."""
    organizations: int
    """Organisations among them."""
    main: str | None
    """@id of the main entity; null: there is none, or it has no @id."""
    entities: list[EntityShown]
    """Organisations, the main entity first, at most 50."""
    references: list[Reference]
    """References of these organisations, at most 200."""
    conflict_count: int
    """Number of contradictions."""
    conflicts: list[Contradiction]
    """Contradictions, at most 50."""
    dangling_count: int | None
    """Number of dangling references; null: the run did not see the whole site."""
    dangling: list[DanglingReference] | None
    """Dangling references, at most 50; null: the run did not see the whole site."""


class EntityReportView(Out):
    """How clearly the site says which business it belongs to."""

    id: UUID
    """Id of the report."""
    campaign_id: UUID
    """Campaign that the report belongs to."""
    crawl_run_id: UUID | None
    """Run whose pages were judged; null: it has been deleted."""
    source: Literal["crawl"]
    """Who measured: always crawl, the site's own pages."""
    formula: str
    """Name and version of the formula."""
    score: float | None
    """0 to 100 over the measured parts; null: fewer than 50 of 100 points were measured."""
    measured_points: int
    """Points that could be judged, 0 to 100: the denominator of the score."""
    parts: dict[PartName, Part]
    """By part: identity, agreement, same_as, coverage, topics."""
    graph: EntityGraph | None
    """What the structured data says; null: nothing was read."""
    created_at: datetime
    """When the analysis was requested."""
    finished_at: datetime | None
    """When it ended; null: it has not."""
