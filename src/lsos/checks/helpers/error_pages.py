"""How error pages call themselves, whatever their status says."""

import re

from lsos.web.facts import PageFacts

_NOT_FOUND = re.compile(
    r"^\W*404\W*$"
    r"|\b(?:error|fehler|erreur|errore|fout|http)[\s:#-]{0,3}404\b"
    r"|\b404[\s:|–—-]{0,5}(?:error|fehler|erreur|not found|page|seite|p[aá]gina)"
    r"|\bpage (?:was |is |could |can)?(?:not|n[o']t be|not be) found\b"
    r"|\b(?:page|file|document|url) (?:was |is |could )?not (?:be )?found\b"
    r"|\b(?:page|site) (?:does ?n[o']t|does not|no longer) exists?\b"
    r"|^\W*not found\W*$"
    r"|\bseite (?:wurde )?(?:leider )?nicht gefunden\b"
    r"|\bpage (?:non trouvée|introuvable)\b"
    r"|\bp[aá]gina n(?:o|ão) encontrada\b"
    r"|\bpagina non trovata\b"
    r"|\bpagina (?:is )?niet gevonden\b"
    r"|\bnie znaleziono strony\b",
    re.IGNORECASE,
)
_NOT_FOUND_WORDS = (
    "404",
    "found",
    "exist",
    "gefunden",
    "trouv",
    "encontrada",
    "trovata",
    "gevonden",
    "znaleziono",
)
"""One of these is in whatever _NOT_FOUND matches: the cheap question before the dear one."""

_ERROR_SHELLS = (
    "was not found on this server",
    "cannot get /",
    "whitelabel error page",
    "error establishing a database connection",
    "there has been a critical error on",
    "nosuchkey",
    "404 not found nginx",
    "404 not found openresty",
    "404 not found apache",
    "http error 404",
    "server error in '/' application",
    "fatal error: uncaught",
    "fatal error: allowed memory",
)


def not_found_name(page: PageFacts) -> str | None:
    """The title or H1 that says that there is no such page."""
    for name in (*page.titles[:1], *page.h1s[:3]):
        words = name[:300].casefold()
        if any(word in words for word in _NOT_FOUND_WORDS) and _NOT_FOUND.search(words):
            return name
    return None


def error_shell(page: PageFacts) -> str | None:
    start = page.text[:1_000].casefold()
    return next((shell for shell in _ERROR_SHELLS if shell in start), None)
