"""How the figures were made, for whoever wants to check them."""

from lsos.domains.reports import texts
from lsos.domains.reports.chapters.pieces import clean
from lsos.domains.reports.document import Block, Bullets, Text
from lsos.domains.reports.facts import Snapshot


def blocks(facts: Snapshot) -> list[Block]:
    said = [texts.METHOD_SCALE, texts.METHOD_STATES]
    if facts.technical:
        said.append(texts.METHOD_TECHNICAL.format(formula=facts.technical.formula))
    if facts.visibility:
        said.append(texts.METHOD_VISIBILITY.format(formula=clean(facts.visibility.formula)))
    if facts.local:
        said += [texts.METHOD_LOCAL, texts.METHOD_NAP]
    if facts.reviews:
        said.append(texts.METHOD_REVIEWS)
    if facts.authority:
        said.append(texts.METHOD_AUTHORITY.format(formula=facts.authority.formula))
    if facts.entity:
        said.append(texts.METHOD_ENTITY.format(formula=facts.entity.formula))
    if facts.recommendations:
        version = clean(facts.recommendations.library_version)
        said.append(texts.METHOD_ADVICE.format(version=version))
    return [
        Bullets(items=said),
        Text(text=texts.METHOD_INPUTS.format(hash=facts.sha256), style="note"),
    ]
