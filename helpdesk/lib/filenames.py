"""Names of files that strangers send."""

import re
import unicodedata
from pathlib import PurePosixPath

LONGEST = 120
# Invisible characters that reorder or hide what a name seems to be: "invoice\u202efdp.exe" reads as a PDF.
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

# What a browser may show in its own window; everything else is only ever downloaded. Decided by ending, never by content.
INLINE_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".txt": "text/plain; charset=utf-8",
    ".log": "text/plain; charset=utf-8",
}
DOWNLOAD_TYPE = "application/octet-stream"
# What is searched for identifiers of calls, by ending too: texts whole, captures for the SIP messages that stand in them as they are.
TEXT_ENDINGS = {".log", ".txt", ".csv", ".json", ".xml", ".conf", ".cfg", ".ini"}
CAPTURE_ENDINGS = {".pcap", ".pcapng", ".cap"}


def clean_file_name(name: str) -> str:
    """The last part of a path, without invisible and reordering characters, at most LONGEST long with its ending kept."""
    visible = "".join(c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) not in _INVISIBLE)
    last = re.split(r"[/\\]", visible)[-1]
    plain = re.sub(r'[\s<>:"|?*]+', " ", last).strip(" .")
    if not plain:
        return "file"
    ending = PurePosixPath(plain).suffix[:16]
    return plain if len(plain) <= LONGEST else plain[: LONGEST - len(ending)].rstrip() + ending


def media_type_for(name: str) -> str:
    """The type a file is served as: one of the harmless inline ones, else a download."""
    return INLINE_TYPES.get(PurePosixPath(name).suffix.lower(), DOWNLOAD_TYPE)


def is_text(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in TEXT_ENDINGS


def is_capture(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in CAPTURE_ENDINGS
