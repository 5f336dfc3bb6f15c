"""What a file really is, by its content: the short list of what people may hang on a ticket; nothing else is taken."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from callengine.errors import Refused

HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class FileType:
    media_type: str
    suffix: str
    photo: bool = False  # Pillow must be able to decode it

    @property
    def inline(self) -> bool:
        """A browser may show it in the page; everything else it only saves."""
        return self.photo or self.media_type == "application/pdf" or self.media_type.startswith(("video/", "audio/"))


JPEG = FileType("image/jpeg", ".jpg", photo=True)
PNG = FileType("image/png", ".png", photo=True)
WEBP = FileType("image/webp", ".webp", photo=True)
GIF = FileType("image/gif", ".gif", photo=True)
HEIC = FileType("image/heic", ".heic")
PDF = FileType("application/pdf", ".pdf")
MP4 = FileType("video/mp4", ".mp4")
MOV = FileType("video/quicktime", ".mov")
OGG = FileType("audio/ogg", ".ogg")
MP3 = FileType("audio/mpeg", ".mp3")
WAV = FileType("audio/wav", ".wav")
TEXT = FileType("text/plain", ".txt")

# The member of the archive that only this kind of document has.
OFFICE = {
    "word/document.xml": FileType("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    "xl/workbook.xml": FileType("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
}
OPEN_DOCUMENT = {
    b"application/vnd.oasis.opendocument.text": FileType("application/vnd.oasis.opendocument.text", ".odt"),
    b"application/vnd.oasis.opendocument.spreadsheet": FileType(
        "application/vnd.oasis.opendocument.spreadsheet", ".ods"
    ),
}
MACROS = ("vbaProject.bin", "macrosheets/")
TAKEN = "JPEG, PNG, WebP, GIF, HEIC, PDF, DOCX, XLSX, ODT, ODS, MP4, MOV, OGG, MP3, WAV and plain text"


def type_of(path: Path) -> FileType:
    """The type by content, never by name. Raises Refused with the list of what is taken."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise Refused("the file is empty", pointer="/file")
    found = _by_signature(head) or (_archive(path) if head.startswith(b"PK\x03\x04") else None) or _text(path, head)
    if found is None:
        raise Refused(f"this is none of the files that a ticket takes: {TAKEN}", pointer="/file")
    return found


def _by_signature(head: bytes) -> FileType | None:
    for start, found in (
        (b"\xff\xd8\xff", JPEG),
        (b"\x89PNG\r\n\x1a\n", PNG),
        (b"GIF87a", GIF),
        (b"GIF89a", GIF),
        (b"%PDF-", PDF),
        (b"OggS", OGG),
        (b"ID3", MP3),
        (b"\xff\xfb", MP3),
    ):
        if head.startswith(start):
            return found
    if head[:4] == b"RIFF":
        return {b"WEBP": WEBP, b"WAVE": WAV}.get(head[8:12])
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"heic", b"heix", b"mif1", b"heim", b"hevc"):
            return HEIC
        return MOV if brand == b"qt  " else MP4
    return None


def _archive(path: Path) -> FileType | None:
    """An office document is an archive; other archives are not taken, nor are documents that carry programs."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if any(macro in name for name in names for macro in MACROS):
                raise Refused("the document carries macros: save it without them", pointer="/file")
            if "mimetype" in names and archive.getinfo("mimetype").file_size < HEAD_BYTES:
                return OPEN_DOCUMENT.get(archive.read("mimetype").strip())
            return next((found for member, found in OFFICE.items() if member in names), None)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError):
        return None


def _text(path: Path, head: bytes) -> FileType | None:
    """UTF-8 or cp1251 without control characters, and no markup that a browser would run."""
    if any(byte < 9 or 13 < byte < 32 for byte in head) or path.stat().st_size > 1024 * 1024:
        return None
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<", b"#!", b"mz", b"@echo")):
        return None
    return TEXT
