"""Where a recording's file may lie before it is kept: the folder of uploads, or the PBX's own on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

INCOMING = "incoming"
ASIDE = "unclaimed"


class OutsideFolder(Exception):
    """The PBX named a file outside its recordings folder."""


@dataclass(frozen=True, slots=True)
class Sources:
    """`folders` says by PBX name where it writes; None for a PBX on another machine, which uploads."""

    kept: Path
    folders: Mapping[str, Path | None]

    def incoming(self, pbx: str) -> Path:
        return self.kept / INCOMING / pbx

    def aside(self, pbx: str) -> Path:
        """Where uploads lie whose call never came."""
        return self.kept / ASIDE / pbx

    def find(self, pbx: str, file_name: str) -> list[Path]:
        """All files of a recording (two when each side has its own); [] when one is not there yet.

        Raises OutsideFolder: a name is whatever stood in an AMI event, and never a way to other files.
        """
        found = [self._find(pbx, part) for part in file_name.split(",")]
        return [path for path in found if path] if all(found) else []

    def _find(self, pbx: str, name: str) -> Path | None:
        if "\x00" in name or not name or name.endswith("/"):
            raise OutsideFolder(name)
        folder = self.folders.get(pbx)
        inside = _inside(folder, name) if folder else None
        last = name.rpartition("/")[2]
        sent, late = _inside(self.incoming(pbx), last), _inside(self.aside(pbx), last)
        return next((path for path in (sent, inside, late) if path and path.is_file()), None)

    def is_local(self, pbx: str) -> bool:
        return self.folders.get(pbx) is not None


def _inside(folder: Path, name: str) -> Path:
    home = folder.resolve()
    path = (home / name).resolve()
    if not path.is_relative_to(home) or path == home:
        raise OutsideFolder(name)
    return path
