"""The tags of a TIFF directory, or of an EXIF block, which has the same layout. No pixels."""

import struct

BYTE_ORDERS = {b"II": "<", b"MM": ">"}
# TIFF field types that hold unsigned integers, with their struct codes; others are passed over.
INTEGER_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}

IMAGE_WIDTH, IMAGE_LENGTH, BITS_PER_SAMPLE = 256, 257, 258
PHOTOMETRIC, ORIENTATION, SAMPLES_PER_PIXEL = 262, 274, 277
STRIP_OFFSETS, STRIP_BYTE_COUNTS = 273, 279
TILE_OFFSETS, TILE_BYTE_COUNTS = 324, 325
EXTRA_SAMPLES, SAMPLE_FORMAT = 338, 339

Tags = dict[int, tuple[int, ...]]


def read_tags(data: bytes) -> Tags:
    """Read the integer tags of the first directory of a TIFF file or an EXIF block.

    Parameters
    ----------
    data : bytes
        From the byte order mark (``II`` or ``MM``) on; classic TIFF or BigTIFF.

    Returns
    -------
    dict of int to tuple of int
        Tag number -> its values.

    Raises
    ------
    ValueError
        ``data`` is no TIFF, or ends before its directory does.

    References
    ----------
    TIFF Revision 6.0, Adobe 1992, section 2; the BigTIFF design of libtiff.

    Examples
    --------
    >>> one_tag = bytes.fromhex("49492a0008000000" "0100" "1201030001000000" "06000000")
    >>> read_tags(one_tag)
    {274: (6,)}
    """
    order = BYTE_ORDERS.get(data[:2])
    if order is None:
        raise ValueError("corrupt TIFF: no byte order mark")
    try:
        (magic,) = struct.unpack_from(order + "H", data, 2)
        if magic == 42:
            (start,) = struct.unpack_from(order + "I", data, 4)
            return _read_directory(data, start, order, "H", "I")
        if magic == 43:
            (start,) = struct.unpack_from(order + "Q", data, 8)
            return _read_directory(data, start, order, "Q", "Q")
    # An offset beyond 2**63 overflows instead of falling off the end.
    except (struct.error, OverflowError) as error:
        raise ValueError("truncated TIFF") from error
    raise ValueError(f"corrupt TIFF: version {magic}, expected 42 or 43")


def read_orientation(exif: bytes) -> int:
    """Read the orientation (1 to 8) of an EXIF block; a damaged block counts as upright.

    Examples
    --------
    >>> read_orientation(b"no EXIF")
    1
    """
    try:
        return upright_unless_valid(read_tags(exif))
    except ValueError:
        return 1


def upright_unless_valid(tags: Tags) -> int:
    """Take the orientation out of tags, or 1 where there is none or none that EXIF knows."""
    orientation = tags.get(ORIENTATION, (1,))[:1]
    return orientation[0] if orientation and 1 <= orientation[0] <= 8 else 1


def _read_directory(data: bytes, start: int, order: str, count_code: str, word_code: str) -> Tags:
    word = struct.calcsize(word_code)
    (n_entries,) = struct.unpack_from(order + count_code, data, start)
    first = start + struct.calcsize(count_code)
    tags: Tags = {}
    for position in range(first, first + n_entries * (4 + 2 * word), 4 + 2 * word):
        tag, kind = struct.unpack_from(order + "HH", data, position)
        (count,) = struct.unpack_from(order + word_code, data, position + 4)
        code = INTEGER_TYPES.get(kind)
        if code is None:
            continue
        size = count * struct.calcsize(code)
        where = position + 4 + word
        # Values that do not fit into one word stand elsewhere, and the word says where.
        if size > word:
            (where,) = struct.unpack_from(order + word_code, data, where)
        if where + size > len(data):
            raise ValueError("truncated TIFF")
        tags[tag] = struct.unpack_from(f"{order}{count}{code}", data, where)
    return tags
