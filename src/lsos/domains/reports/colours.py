"""Makes a brand's colours legible: text and marks keep the contrast that WCAG 2.2 asks for."""

from lsos.domains.reports.document import Theme

TEXT_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3."""
MARK_CONTRAST = 3.0
"""WCAG 2.2, 1.4.11."""
WHITE = (255, 255, 255)
BLACK = (17, 24, 39)

Rgb = tuple[int, int, int]


def parse(colour: str, default: Rgb) -> Rgb:
    """`#rrggbb`; anything else: the default."""
    digits = colour.removeprefix("#")
    if len(digits) != 6 or not set(digits) <= set("0123456789abcdefABCDEF"):
        return default
    value = int(digits, 16)
    return value >> 16, value >> 8 & 255, value & 255


def luminance(colour: Rgb) -> float:
    """Relative luminance, 0-1 (WCAG 2.2)."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Rgb, other: Rgb) -> float:
    """1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mix(colour: Rgb, ground: Rgb, share: float) -> Rgb:
    """`share` of the colour on the ground."""
    red, green, blue = (
        round(c * share + g * (1 - share)) for c, g in zip(colour, ground, strict=True)
    )
    return red, green, blue


def darkened(colour: Rgb, least: float) -> Rgb:
    """The colour, or the lightest of its darker shades that stands out from white."""
    for percent in range(100, -1, -2):
        shade = mix(colour, (0, 0, 0), percent / 100)
        if contrast(shade, WHITE) >= least:
            return shade
    return 0, 0, 0


def text_on(ground: Rgb) -> Rgb:
    """White where it can be read, else near black, else black: one of them always can."""
    readable = (c for c in (WHITE, BLACK) if contrast(c, ground) >= TEXT_CONTRAST)
    return next(readable, (0, 0, 0))


def theme(primary: str, accent: str) -> Theme:
    brand = parse(primary, (31, 78, 121))
    second = parse(accent, (224, 122, 31))
    return Theme(
        cover=written(brand),
        on_cover=written(text_on(brand)),
        ink=written(darkened(brand, TEXT_CONTRAST)),
        tint=written(mix(brand, WHITE, 0.07)),
        mark=written(darkened(brand, MARK_CONTRAST)),
        accent=written(darkened(second, MARK_CONTRAST)),
    )


def written(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
