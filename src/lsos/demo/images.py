"""Images of the demo site, generated so that the package contains no binary files."""

import math
import struct
import zlib

FAVICON = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    b'<rect width="32" height="32" rx="7" fill="#14564f"/>'
    b'<path d="M16 4l8 11h-4l6 8H6l6-8H8zM14 23h4v5h-4z" fill="#fff"/></svg>'
)
_SKIES = ("#f7d9b8", "#cfe5ea", "#e9dff0", "#f5e6c4", "#d5e8d8")


def scene(seed: int) -> bytes:
    """A bay with pines as SVG, 960 by 360, different for each seed."""
    sky = _SKIES[seed % len(_SKIES)]
    sun = 160 + (seed * 137) % 640
    pines = "".join(_pine(40 + i * 97 + (seed * 53 + i * i * 29) % 60, seed + i) for i in range(9))
    hills = " ".join(f"L{x} {210 - 38 * math.sin(x / 140 + seed):.0f}" for x in range(0, 961, 60))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 360" width="960" height="360">'
        f'<rect width="960" height="360" fill="{sky}"/>'
        f'<circle cx="{sun}" cy="110" r="46" fill="#fff" opacity=".75"/>'
        f'<path d="M0 360 {hills} L960 360Z" fill="#7fa39a"/>'
        f'<rect y="262" width="960" height="98" fill="#2f7f86"/>{pines}</svg>'
    ).encode()


def _pine(x: int, seed: int) -> str:
    height = 70 + seed * 31 % 60
    top = 282 - height
    return (
        f'<path d="M{x} {top}l{height // 3} {height}h-{height // 3 * 2}z" fill="#14564f"/>'
        f'<rect x="{x - 4}" y="282" width="8" height="14" fill="#5b4636"/>'
    )


def png(width: int, height: int, seed: int) -> bytes:
    """A soft gradient as an 8-bit RGB PNG."""
    red, green, blue = (180 + seed * 37 % 60, 170 + seed * 53 % 60, 160 + seed * 71 % 60)
    rows = b"".join(
        b"\0" + bytes((max(0, red - y // 4), max(0, green - y // 6), max(0, blue - y // 9))) * width
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
