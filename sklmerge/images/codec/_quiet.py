"""Settings of a whole process that are held while a file is decoded: silence, and no half files."""

import logging
import os
import re
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any

import cv2
from PIL import ImageFile


class _TifffileLog(logging.Handler):
    """Keeps what tifffile logs of damage, by thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        getattr(self.heard, "lines", []).append(record.getMessage())

    def listen(self) -> list[str]:
        """Start and return a list that collects what this thread logs from now on."""
        self.heard.lines = []
        return self.heard.lines


# Without a handler Python prints that on stderr; with this one it goes to whoever set up logging,
# and to nobody else.
tifffile_log = _TifffileLog()
logging.getLogger("tifffile").addHandler(tifffile_log)


class _Held:
    """Changes a setting when the first thread enters; puts it back when the last one leaves."""

    # Decoders have settings of the whole process only, and threads decode side by side.
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_inside = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._n_inside == 0:
                self.change()
            self._n_inside += 1
            self.check()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self.restore()

    def change(self) -> None:
        raise NotImplementedError

    def check(self) -> None:
        """Do what is necessary each time a thread enters."""

    def restore(self) -> None:
        raise NotImplementedError


class _QuietOpenCV(_Held):
    """OpenCV logs what it cannot decode on stderr; its callers get the error as well."""

    def change(self) -> None:
        self._level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

    def restore(self) -> None:
        cv2.utils.logging.setLogLevel(self._level)


class _StrictPillow(_Held):
    """Makes Pillow refuse half a file, which it takes for a whole one if any library asked so."""

    # Pillow's warnings name no file, so they are not shown either.
    # No other filter is this tuple, though one may equal it.
    _filter = ("ignore", None, Warning, re.compile(r"PIL\."), 0)

    def change(self) -> None:
        self._lenient = False

    def check(self) -> None:
        # Other threads put whole lists of filters back, with ours in them or without. Only this one
        # filter is ours to put in and take out.
        filters: Any = warnings.filters
        if not any(one is self._filter for one in filters[:1]):
            self._take_out()
            filters.insert(0, self._filter)
        if ImageFile.LOAD_TRUNCATED_IMAGES:
            self._lenient = True
            ImageFile.LOAD_TRUNCATED_IMAGES = False

    def restore(self) -> None:
        self._take_out()
        if self._lenient:
            ImageFile.LOAD_TRUNCATED_IMAGES = True

    def _take_out(self) -> None:
        filters: Any = warnings.filters
        for _ in range(sum(one is self._filter for one in tuple(filters))):
            # Unless another thread has emptied the list meanwhile.
            with suppress(ValueError):
                filters.remove(self._filter)


quiet_opencv = _QuietOpenCV()
strict_pillow = _StrictPillow()

_LIBTIFF_LINE = re.compile(rb"[^\s:]+: [^\r\n\x1b]*\.\r?\n")
# Of tags, which say nothing of the pixels.
_OF_TAGS = ("TIFF", "_TIFF")
_stderr_lock = threading.Lock()


@contextmanager
def catch_libtiff() -> Iterator[list[str]]:
    """Collect what libtiff writes to stderr; Pillow has no other way to read or silence it."""
    complaints: list[str] = []
    # Descriptor 2 belongs to the whole process, so one thread at a time is in here, for no longer
    # than one compressed TIFF takes.
    with _stderr_lock:
        try:
            real = os.dup(2)
        except OSError:  # A process without stderr has nothing to catch.
            yield complaints
            return
        with tempfile.TemporaryFile() as caught:
            os.dup2(caught.fileno(), 2)
            try:
                yield complaints
            finally:
                if sys.stderr is not None:
                    sys.stderr.flush()
                os.dup2(real, 2)
                os.close(real)
                caught.seek(0)
                written = caught.read()
                lines = _LIBTIFF_LINE.findall(written)
                texts = [line.decode("utf-8", "replace").strip() for line in lines]
                complaints += [text for text in texts if not text.startswith(_OF_TAGS)]
                # What else was written meanwhile is passed on.
                rest = _LIBTIFF_LINE.sub(b"", written)
                if rest:
                    os.write(2, rest)
