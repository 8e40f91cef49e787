"""Which formats are read, by which library, and how each is known by its first bytes."""

from collections.abc import Callable
from typing import NamedTuple


class Format(NamedTuple):
    """One image file format: its name, and how to recognise and decode it."""

    title: str
    # Of files that are searched for, in lower case, with the dot.
    extensions: tuple[str, ...]
    # The beginning of a file -> whether it is one.
    matches: Callable[[bytes], bool]
    # Module and class by which Pillow decodes it, loaded when a file is met; also pillow-heif.
    plugin: tuple[str, str]
    # What decodes it. For JPEG, PNG and TIFF, Pillow decodes some kinds.
    library: str = "Pillow"


def _starts(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(signatures)


# Sizes of the header that follows "BM"; two letters alone would take many a text for a BMP.
_BMP_HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_AVIF_BRANDS = frozenset({b"avif", b"avis"})


def _is_bmp(data: bytes) -> bool:
    return data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADER_SIZES


def _list_brands(data: bytes) -> list[bytes]:
    """List the brands of an ISO media file, the major one first."""
    if data[4:8] != b"ftyp":
        return []
    stop = min(int.from_bytes(data[:4], "big"), 256)
    return [data[8:12], *(data[place : place + 4] for place in range(16, stop, 4))]


def _is_avif(data: bytes) -> bool:
    brands = _list_brands(data)
    # Both kinds may call themselves mif1 first of all.
    return bool(brands) and (
        brands[0] in _AVIF_BRANDS or (brands[0] in (b"mif1", b"msf1") and b"avif" in brands)
    )


def _is_heif(data: bytes) -> bool:
    brands = _list_brands(data)
    return bool(brands) and brands[0] in _HEIF_BRANDS and not _is_avif(data)


def _is_netpbm(data: bytes) -> bool:
    return data[:1] == b"P" and data[1:2] in b"123456fF" and data[2:3].isspace()


def _is_pcx(data: bytes) -> bool:
    return len(data) > 3 and data[0] == 10 and data[1] in (0, 2, 3, 4, 5) and data[2] == 1


def _is_tga(data: bytes) -> bool:
    """Guess by the header, which has no signature: a legal kind, depth and origin, and a size."""
    if len(data) < 18 or data[1] > 1 or data[17] & 0xC0:
        return False
    depths = {1: (8,), 2: (16, 24, 32), 3: (1, 8, 16)}.get(data[2] & ~8, ())
    palette_fits = data[1] == 1 if data[2] & ~8 == 1 else True
    return data[16] in depths and palette_fits and any(data[12:14]) and any(data[14:16])


# In the order of trying: what has the weakest signature comes last.
FORMATS = {
    "jpeg": Format(
        "JPEG",
        (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
        _starts(b"\xff\xd8\xff"),
        ("PIL.JpegImagePlugin", "JpegImageFile"),
        "simplejpeg",
    ),
    # 8 bits by Pillow, 16 by OpenCV: see _png.py.
    "png": Format(
        "PNG",
        (".png", ".apng"),
        _starts(b"\x89PNG\r\n\x1a\n"),
        ("PIL.PngImagePlugin", "PngImageFile"),
        "OpenCV",
    ),
    # 16 bits and floats by tifffile, or OpenCV where it lacks a codec; 8 bits by Pillow.
    "tiff": Format(
        "TIFF",
        (".tif", ".tiff"),
        _starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
        ("PIL.TiffImagePlugin", "TiffImageFile"),
        "tifffile",
    ),
    "webp": Format(
        "WebP",
        (".webp",),
        lambda d: d[:4] == b"RIFF" and d[8:12] == b"WEBP",
        ("PIL.WebPImagePlugin", "WebPImageFile"),
    ),
    "bmp": Format("BMP", (".bmp", ".dib"), _is_bmp, ("PIL.BmpImagePlugin", "BmpImageFile")),
    "gif": Format(
        "GIF", (".gif",), _starts(b"GIF87a", b"GIF89a"), ("PIL.GifImagePlugin", "GifImageFile")
    ),
    "avif": Format("AVIF", (".avif", ".avifs"), _is_avif, ("PIL.AvifImagePlugin", "AvifImageFile")),
    "heif": Format("HEIC", (".heic", ".heif", ".hif"), _is_heif, ("pillow_heif", "HeifImageFile")),
    "jpeg2000": Format(
        "JPEG 2000",
        (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"),
        _starts(b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \x0d\x0a\x87\x0a"),
        ("PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile"),
    ),
    "ppm": Format(
        "PPM",
        (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
        _is_netpbm,
        ("PIL.PpmImagePlugin", "PpmImageFile"),
    ),
    "psd": Format("PSD", (".psd",), _starts(b"8BPS"), ("PIL.PsdImagePlugin", "PsdImageFile")),
    "dds": Format("DDS", (".dds",), _starts(b"DDS "), ("PIL.DdsImagePlugin", "DdsImageFile")),
    "sgi": Format(
        "SGI",
        (".sgi", ".rgb", ".rgba", ".bw"),
        _starts(b"\x01\xda"),
        ("PIL.SgiImagePlugin", "SgiImageFile"),
    ),
    "qoi": Format("QOI", (".qoi",), _starts(b"qoif"), ("PIL.QoiImagePlugin", "QoiImageFile")),
    "icns": Format("ICNS", (".icns",), _starts(b"icns"), ("PIL.IcnsImagePlugin", "IcnsImageFile")),
    "ico": Format("ICO", (".ico",), _starts(b"\0\0\1\0"), ("PIL.IcoImagePlugin", "IcoImageFile")),
    "pcx": Format("PCX", (".pcx",), _is_pcx, ("PIL.PcxImagePlugin", "PcxImageFile")),
    "tga": Format("TGA", (".tga",), _is_tga, ("PIL.TgaImagePlugin", "TgaImageFile")),
}
IMAGE_EXTENSIONS = tuple(sorted(e for kind in FORMATS.values() for e in kind.extensions))
# What is often met and not read, so that the reason can name it.
_OTHERS = (
    (b"%PDF", "PDF"),
    (b"<svg", "SVG"),
    (b"<?xml", "XML"),
    (b"<!DOCTYPE", "HTML"),
    (b"<html", "HTML"),
    (b"PK\3\4", "ZIP"),
    (b"\x1f\x8b", "gzip"),
    (b"SIMPLE  =", "FITS"),
    (b"\x93NUMPY", ".npy"),
    (b"\x89HDF", "HDF5"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"\0\0\0\x0cJXL \x0d\x0a\x87\x0a", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"FUJIFILM", "raw camera"),
)


def sniff_format(data: bytes) -> str | None:
    """Recognise the format of an image by its first bytes.

    Parameters
    ----------
    data : bytes
        The whole file, or at least its first 256 bytes.

    Returns
    -------
    str or None
        ``"jpeg"``, ``"png"``, ``"tiff"``, ``"webp"``, ``"bmp"``, ``"gif"``, ``"avif"``, ``"heif"``,
        ``"jpeg2000"``, ``"ppm"``, ``"psd"``, ``"dds"``, ``"sgi"``, ``"qoi"``, ``"icns"``,
        ``"ico"``, ``"pcx"`` or ``"tga"``; None if the format is not one of these.

    Examples
    --------
    >>> sniff_format(bytes.fromhex("ffd8ffe0"))
    'jpeg'
    >>> sniff_format(b"no image") is None
    True
    """
    return next((name for name, kind in FORMATS.items() if kind.matches(data)), None)


def identify(data: bytes) -> str:
    """Return the format of an image; the error says which formats are read, and what this seems."""
    found = sniff_format(data)
    if found is not None:
        return found
    if not data:
        raise ValueError("empty file")
    if data[128:132] == b"DICM":
        seems = "DICOM"
    else:
        seems = next((name for start, name in _OTHERS if data.startswith(start)), "")
    what = f"a {seems} file" if seems else f"starts with {data[:8]!r}"
    remedy = "; pass reader= to read it" if seems in ("DICOM", ".npy", "FITS", "OpenEXR") else ""
    titles = ", ".join(kind.title for kind in FORMATS.values() if kind.title != "HEIC")
    raise ValueError(
        f"not an image of a known format: {what}; read are {titles}, and HEIC "
        f"with the extra heif{remedy}"
    )
