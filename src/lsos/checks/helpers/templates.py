"""Pages that are short on purpose: contact, legal, log-in, gallery and listing templates."""

import re
import unicodedata
from urllib.parse import unquote

from lsos.checks.helpers.url_parts import path_of
from lsos.web.facts import PageFacts

_CONTACT = (
    "contact contacts contact-us contactus get-in-touch kontakt kontakte kontaktformular contacto "
    "contactos contactanos contacter nous-contacter contatti contatto contattaci contato contatos "
    "fale-conosco contacteer kontakta-oss yhteystiedot iletisim kapcsolat kontakty контакты "
    "お問い合わせ 联系我们"
)
_LOGIN = (
    "login log-in signin sign-in signup sign-up my-account myaccount lost-password reset-password "
    "logout cart basket checkout wishlist anmelden einloggen registrieren mein-konto warenkorb "
    "connexion se-connecter mon-compte panier iniciar-sesion mi-cuenta carrito accedi registrati "
    "carrello minha-conta carrinho inloggen winkelwagen logowanie koszyk"
)
_ARCHIVE = (
    "category categories tag tags archive archives author page search kategorie kategorien "
    "schlagwort archiv suche seite categorie etiquette recherche categoria etiqueta buscar cerca "
    "categorieen zoeken kategoria szukaj"
)
_LEGAL = (
    "privacy privacy-policy privacypolicy legal-notice imprint impressum datenschutz "
    "datenschutzerklaerung agb terms terms-of-service terms-of-use terms-and-conditions tos "
    "disclaimer cookie-policy gdpr widerruf widerrufsbelehrung mentions-legales cgv cgu "
    "confidentialite politique-de-confidentialite aviso-legal privacidad "
    "politica-de-privacidad condiciones note-legali termini informativa-privacy privacidade termos "
    "voorwaarden algemene-voorwaarden privacybeleid polityka-prywatnosci regulamin "
    "integritetspolicy gizlilik"
)
_SHORT_ENDS = (
    "legal cookies cookie accessibility barrierefreiheit account register registration password "
    "konto kasse anmeldung inscription acceder registro directions anfahrt hours opening-hours "
    "oeffnungszeiten horaires horarios orari book booking termin appointment appointments "
    "rendez-vous cita"
)
_GALLERY = (
    "gallery galleries photos photo pictures portfolio projects media videos lookbook before-after "
    "before-and-after galerie galerien bilder fotos foto bildergalerie referenzen referenties "
    "galeria galerias galleria fotogalerij galerij realisations zdjecia"
)
_LISTING = (
    "blog news products shop store collections collection catalog catalogue results sitemap "
    "site-map locations aktuelles neuigkeiten produkte standorte filialen actualites produits "
    "boutique nos-agences noticias productos tienda ubicaciones notizie prodotti negozio sedi "
    "produtos loja nieuws producten winkel vestigingen aktualnosci produkty sklep"
)
_ANYWHERE = frozenset(f"{_CONTACT} {_LOGIN} {_ARCHIVE} {_LEGAL}".split())
_AT_END = frozenset(f"{_SHORT_ENDS} {_GALLERY} {_LISTING}".split())
"""Words of a template only as the last segment: /blog lists, /blog/boiler-care is an article."""
_TITLES = frozenset(f"{_CONTACT} {_LOGIN} {_LEGAL}".split()) - {"cart", "basket", "terms"}
_EXTENSION = re.compile(r"\.(?:html?|php|aspx?|jsp)\Z")
_TITLE_PARTS = re.compile(r"[|:–—·•»«]|\s-\s")
_TITLE_CHARS = 300
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def _plain(value: str) -> str:
    composed = unicodedata.normalize("NFC", value.casefold()).translate(_UMLAUTS)
    decomposed = unicodedata.normalize("NFKD", composed)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def is_short_template(page: PageFacts) -> bool:
    """By a segment of the URL's path, or by a part of the title that is such a word alone."""
    path = _plain(unquote(path_of(page.url[:500])))
    segments = [_EXTENSION.sub("", part).replace("_", "-") for part in path.split("/") if part]
    if not _ANYWHERE.isdisjoint(segments) or (segments and segments[-1] in _AT_END):
        return True
    parts = _TITLE_PARTS.split(_plain(page.title[:_TITLE_CHARS]))
    return any("-".join(part.split()) in _TITLES for part in parts)
