"""Files of the front end, and the address under which a browser may keep each for ever.

What this module knows that no other does: a static file's address contains the hash of its bytes, so it never changes
under its address; and one hash of everything that shapes a page (`build`) marks every ETag, so a new version of the
program never answers "not modified" for a page it would write differently.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from public_site import shipped

_PACKAGE = Path(__file__).parent.parent
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file, read once at start."""

    name: str
    digest: str
    media_type: str
    content: bytes

    @property
    def url(self) -> str:
        """The address that always means exactly these bytes."""
        return f"/static/{self.digest}/{self.name}"


class Assets:
    """All static files, in memory (they are few and small), by name."""

    def __init__(self, root: Path) -> None:
        self._by_name = {asset.name: asset for asset in _assets(root)}

    def url(self, name: str) -> str:
        """The lasting address of a static file; a misspelt name is an error of the template, so it raises KeyError."""
        return self._by_name[name].url

    def urls(self) -> list[str]:
        """Every file's lasting address."""
        return [asset.url for asset in self._by_name.values()]

    def find(self, digest: str, name: str) -> Asset | None:
        """The file that has this name and these bytes."""
        asset = self._by_name.get(name)
        return asset if asset is not None and asset.digest == digest else None


def build() -> str:
    """A short hash of everything that shapes a page: program, templates, static files."""
    digest = hashlib.sha256()
    sources = sorted(path for path in _PACKAGE.rglob("*.py") if "vendor" not in path.parts)
    files = [
        path for folder in (shipped.TEMPLATES, shipped.STATIC) for path in sorted(folder.rglob("*")) if path.is_file()
    ]
    for path in [*sources, *files]:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _assets(root: Path) -> list[Asset]:
    found = []
    for path in sorted(root.rglob("*")):
        media_type = _TYPES.get(path.suffix)
        if path.is_file() and media_type:
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:16]
            found.append(Asset(path.relative_to(root).as_posix(), digest, media_type, content))
    return found
