"""Checks of images as the document names them: alternative text, size and format."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from lsos.checks.base import Check, Context, Evidence, text
from lsos.checks.helpers.guards import ok_html
from lsos.web.facts import Image, PageFacts

_LEGACY = re.compile(r"\.(?:jpe?g|jpe|jfif|png|gif|bmp|tiff?)\Z", re.IGNORECASE)
_VECTOR = re.compile(r"\.svgz?\Z|\Adata:image/svg", re.IGNORECASE)
_MODERN = re.compile(
    # An image service that negotiates the format is as good as one that names it.
    r"webp|avif|[.]jxl\b|f_auto|auto=[\w,]*format|(?:format|fm|f)=auto",
    re.IGNORECASE,
)
_URL_CHARS = 2_048


def _path(url: str) -> str:
    """The URL without query and fragment; data URLs cut to their head."""
    head = url[:_URL_CHARS]
    return head if head.startswith("data:") else unquote(re.split(r"[?#]", head, maxsplit=1)[0])


def _is_vector(image: Image) -> bool:
    return _VECTOR.search(_path(image.src)) is not None


def _has_source(image: Image) -> bool:
    return bool(image.src or image.srcset)


def _alt_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for number, image in enumerate(page.images, 1):
        # Without a source nothing is shown or indexed yet: a script fills the element in.
        is_shown = _has_source(image) and not image.is_hidden and not image.is_pixel
        if image.alt is None and is_shown:
            yield Evidence(value=text(image.src), selector=f"img[{number}]")


def _alt_long(page: PageFacts, at: Context) -> Iterator[Evidence]:
    for number, image in enumerate(page.images, 1):
        if image.alt is not None and len(image.alt) > at.limits["chars"]:
            yield Evidence(
                value=text(image.alt), selector=f"img[{number}]", limit=at.limits["chars"]
            )


def _no_size(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for number, image in enumerate(page.images, 1):
        is_sized = image.has_size or image.is_pixel
        if not is_sized and _has_source(image) and not _is_vector(image):
            yield Evidence(value=text(image.src), selector=f"img[{number}]")


def _format_legacy(page: PageFacts, at: Context) -> Iterator[Evidence]:
    legacy = 0
    for image in page.images:
        if _MODERN.search(image.src[:_URL_CHARS]) or _MODERN.search(image.srcset):
            return
        legacy += not image.is_pixel and _LEGACY.search(_path(image.src)) is not None
    if legacy >= at.limits["images"]:
        yield Evidence(value=legacy, selector="img", limit=at.limits["images"])


def _picture_no_img(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if page.pictures_without_img:
        yield Evidence(value=page.pictures_without_img, selector="picture")


CHECKS = (
    Check(
        code="img_alt_missing",
        topic="image",
        severity="medium",
        scope="page",
        title="Image has no alt attribute",
        why="Screen readers read out the file name instead, and image search loses its main "
        "description.",
        fix='Describe the image in alt; use alt="" when it is only decoration.',
        run_page=_alt_missing,
        applies=ok_html,
        source="WCAG 2.2, success criterion 1.1.1",
    ),
    Check(
        code="img_alt_long",
        topic="image",
        severity="low",
        scope="page",
        title="Alternative text is too long",
        why="Screen readers read alt in one go; a long one is hard to follow and often a list of "
        "keywords.",
        fix="Say what the image shows in at most 100 characters; put details into the text.",
        run_page=_alt_long,
        applies=ok_html,
        limits={"chars": 100},
        source="https://developers.google.com/search/docs/appearance/google-images",
    ),
    Check(
        code="img_no_size",
        topic="image",
        severity="low",
        scope="page",
        title="Image has no width and height",
        why="The browser can't reserve the space, so the content jumps when the image loads "
        "(Cumulative Layout Shift).",
        fix="Set width and height attributes, or aspect-ratio in CSS.",
        run_page=_no_size,
        applies=ok_html,
        source="https://web.dev/articles/optimize-cls",
    ),
    Check(
        code="img_format_legacy",
        topic="image",
        severity="info",
        scope="page",
        title="No image uses WebP or AVIF",
        why="WebP and AVIF files are smaller than JPEG and PNG at the same quality.",
        fix="Serve WebP or AVIF through picture, srcset or an image service.",
        run_page=_format_legacy,
        applies=ok_html,
        limits={"images": 3},
        source="https://developer.chrome.com/docs/lighthouse/performance/uses-webp-images",
    ),
    Check(
        code="picture_no_img",
        topic="image",
        severity="medium",
        scope="page",
        title="picture without img",
        why="Browsers show nothing, and Google reads image URLs only from img.",
        fix="Put an img with src and alt into each picture.",
        run_page=_picture_no_img,
        applies=ok_html,
        source="https://developers.google.com/search/docs/appearance/google-images",
    ),
)
