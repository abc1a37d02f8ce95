"""A backup of the whole installation: what it holds, how it lies there, and how it comes back.

What this module knows that no other does: a backup is a folder `{moment}-{N}` beside others in one place, which gets its
name only when it is whole and on the disk; every file in it is sealed to a public key, so that neither the machine that
made it nor whoever finds the medium can read it; `SHA256SUMS` lets anybody check the medium (`sha256sum -c`), and the sealed
manifest says the same again for whoever holds the key. Originals never change, so they lie in `originals` once for all
backups. The wraps of complaints lie apart in `complaint-keys`, and only those of the latest backup: what was erased must
not come back. Not in it: settings, the search index (made again), the open data (public, written anew).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson

import public_site
from public_site import lasting, register_copies, sealed_files
from public_site.complaints import copies, keys, sealing
from public_site.complaints.store import Store, write_key
from public_site.database import Database
from public_site.faults import NotFound, NotReady, NotValid
from public_site.register_copies import Moment
from public_site.sealed_files import Damaged, Sealed
from public_site.settings import Settings

_NAME = re.compile(r"\d{8}T\d{6}Z-\d+")
_SUMS, _MANIFEST = "SHA256SUMS", "manifest"
_COMPLAINTS, _WRAPS = "complaints", "complaint-keys"
_ORIGINALS = "originals"
_TOLD = Callable[[int, int], None]


class NoBackupKey(NotReady):
    """Nothing can be sealed yet."""


class NoBackup(NotFound):
    """There is no whole backup here."""


class NotEmpty(NotValid):
    """A backup goes back into an empty installation only."""


class NotAsItWas(NotReady):
    """What came back is not what the manifest says."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What was made or put back. `complaints`: how many, None where complaints are not open; `originals`: newly sealed."""

    name: str
    moment: Moment
    originals: int
    complaints: int | None


def make_key(settings: Settings, offline: Path, passphrase: str) -> None:
    """Make the pair that backups are sealed for: the private key goes into `offline` only, sealed with the passphrase.

    Raises: NotValid where there is one, or where the passphrase is short.
    """
    if _public_file(settings).exists():
        raise NotValid("备份密钥已经建好；要更换，请先移走 keys/backup.public（旧备份仍要用旧的离线密钥）。")
    private, public = sealing.new_pair()
    keys.write_offline(offline, private, passphrase, keys.BACKUPS)
    write_key(_public_file(settings), public)


def make(database: Database, settings: Settings, place: Path, *, at: datetime, progress: _TOLD) -> Backup:
    """Make a backup of this moment in `place`, beside those before it. Publications and complaints go on meanwhile.

    Raises: NoBackupKey, NotReady where another backup is being made there.
    """
    try:
        public = _public_file(settings).read_bytes()
    except FileNotFoundError:
        raise NoBackupKey("还没有备份密钥，请先运行 public-site backup-key。") from None
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (
        _alone_in(place),
        _alone_in(settings.data),
        register_copies.private_folder(settings.data / f".backup.{os.getpid()}") as stage,
    ):
        begun = place / f".begun.{os.getpid()}"
        with register_copies.private_folder(begun):
            making = _Making(place, begun, public, stage, progress)
            found = making.all_of(database, settings, at)
            lasting.settle_folder(begun)
            begun.rename(place / found.name)
            lasting.settle_folder(place)
        for file in (place / _WRAPS).glob("*.sealed"):
            if file.stem != found.name:
                file.unlink()
        return found


class _Making:
    """One backup on its way."""

    def __init__(self, place: Path, folder: Path, public: bytes, stage: Path, progress: _TOLD) -> None:
        self._place, self._folder, self._public, self._stage = place, folder, public, stage
        self._progress = progress
        self._files: dict[str, Sealed] = {}

    def all_of(self, database: Database, settings: Settings, at: datetime) -> Backup:
        moment = register_copies.copy(database, self._stage, self._stream)
        name = f"{at:%Y%m%dT%H%M%SZ}-{moment.entry}"
        if (self._place / name).exists():
            raise NotValid(f"{self._place / name} 已存在，不会覆盖。")
        # The register first: whatever it names was on the disk before.
        with self._stream("folders") as out, tarfile.open(fileobj=out, mode="w|", dereference=True) as archive:
            for folder in (settings.data / "keys", settings.uploads):
                for file in sorted(folder.rglob("*")) if folder.exists() else ():
                    inside = file.relative_to(settings.data)
                    if file.is_file() and inside.parts[:2] != ("keys", "complaints") and not file.name.startswith("."):
                        archive.add(file, str(inside), recursive=False)
        new = self._originals(settings.originals)
        complaints = self._complaints(settings, name)
        told = {"program": public_site.__version__, "name": name, "moment": asdict(moment), "complaints": complaints,
                "files": {path: asdict(sealed) for path, sealed in sorted(self._files.items())}}  # fmt: skip
        with self._stream(_MANIFEST) as out:
            out.write(orjson.dumps(told))
        lines = [f"{sealed.sha256}  {path}\n" for path, sealed in sorted(self._files.items()) if _WRAPS not in path]
        with (self._folder / _SUMS).open("x", encoding="utf-8") as out_sums:
            out_sums.writelines(lines)
            lasting.settle(out_sums)
        return Backup(name, moment, new, complaints)

    @contextmanager
    def _stream(self, name: str) -> Iterator[IO[bytes]]:
        """A sealed file of this backup."""
        with sealed_files.writing(self._folder / f"{name}.sealed", self._public, name) as (plain, told):
            yield plain
        assert told.sealed is not None
        self._files[f"{name}.sealed"] = told.sealed

    def _originals(self, folder: Path) -> int:
        """Seal the originals that are not there yet, or no longer as they were; how many."""
        kept = self._place / _ORIGINALS
        kept.mkdir(exist_ok=True, mode=0o700)
        before, new = _sums_of_latest(self._place), 0
        names = (
            sorted(file.name for file in folder.iterdir() if not file.name.startswith(".")) if folder.exists() else []
        )
        for done, name in enumerate(names):
            self._progress(done, len(names))
            path = f"../{_ORIGINALS}/{name}.sealed"
            target = kept / f"{name}.sealed"
            there = _look_at(target) if target.exists() else None
            if there is None or before.get(path) != there.sha256:
                aside = kept / f".{name}"
                aside.unlink(missing_ok=True)
                with sealed_files.writing(aside, self._public, f"original {name}") as (plain, told), (folder / name).open("rb") as source:  # fmt: skip
                    shutil.copyfileobj(source, plain, 1 << 20)
                aside.replace(target)
                assert told.sealed is not None
                there, new = told.sealed, new + 1
            self._files[path] = there
        lasting.settle_folder(kept)
        return new

    def _complaints(self, settings: Settings, name: str) -> int | None:
        store = Store(settings)
        try:
            if not store.is_open:
                return None
            halves = self._stage / "sealed", self._stage / "wraps"
            found = copies.backup(store, *halves)
        finally:
            store.close()
        with self._stream(_COMPLAINTS) as out, halves[0].open("rb") as plain:
            shutil.copyfileobj(plain, out, 1 << 20)
        apart = self._place / _WRAPS
        apart.mkdir(exist_ok=True, mode=0o700)
        target = apart / f"{name}.sealed"
        with (
            sealed_files.writing(target, self._public, f"{_WRAPS} {name}") as (out, told),
            halves[1].open("rb") as plain,
        ):
            shutil.copyfileobj(plain, out, 1 << 20)
        assert told.sealed is not None
        self._files[f"../{_WRAPS}/{name}.sealed"] = told.sealed
        lasting.settle_folder(apart)
        return found


def restore(
    database: Database, settings: Settings, place: Path, private: bytes, *, name: str = "", progress: _TOLD
) -> Backup:
    """Put a backup (the latest one, or the one called `name`) back into an installation that is empty; all or nothing.

    The two halves of complaints come as files into `complaints-copy`, for `public-site complaints restore`.

    Raises: NoBackup, NotEmpty, sealed_files.Damaged, sealed_files.NotThisKey, register_copies.OtherDatabase, NotAsItWas.
    """
    folder = _chosen(place, name)
    _require_empty(database, settings)
    told = _manifest(folder, private)
    _check(folder, told["files"], progress)
    moment = Moment(**told["moment"])
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with register_copies.private_folder(settings.data / f".restored.{os.getpid()}") as aside:
        _unpack(folder, told, private, aside)
        register_copies.put_back(database, moment, aside, lambda name: _opened(folder, name, private))
        # The register last: without it the installation is still an empty one.
        for part in sorted(aside.iterdir(), key=lambda file: file.name == "register.db"):
            part.rename(settings.data / part.name)
    lasting.settle_folder(settings.data)
    if register_copies.moment_of(database) != (moment.entry, moment.root, moment.checkpoint):
        raise NotAsItWas("恢复后的登记与备份清单不一致，请换一份备份。")
    originals = sum(1 for path in told["files"] if path.startswith(f"../{_ORIGINALS}/"))
    return Backup(folder.name, moment, originals, told["complaints"])


def latest(place: Path) -> list[str]:
    """The names of the whole backups in a place, newest first."""
    if not place.is_dir():
        return []
    return sorted((f.name for f in place.iterdir() if _NAME.fullmatch(f.name) and (f / _SUMS).exists()), reverse=True)


def thin(place: Path, keep: int) -> list[str]:
    """Remove all but so many of the newest backups; the names of those removed. Originals stay: none ever changes."""
    gone = latest(place)[keep:]
    for name in gone:
        dying = place / f".gone.{name}"
        (place / name).rename(dying)  # never a backup that looks whole and is not
        shutil.rmtree(dying)
    return gone


def _unpack_one(archive: tarfile.TarFile, member: tarfile.TarInfo, aside: Path) -> None:
    """One file, below `aside`: what `filter="data"` would see to, which Python knows from 3.11.4 on only."""
    path = aside / member.name
    content = archive.extractfile(member) if member.isfile() else None
    if content is None or not path.resolve().is_relative_to(aside.resolve()):
        raise Damaged(f"备份里有不该有的东西：{member.name}。")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, (member.mode & 0o755) | 0o600)
    with content, os.fdopen(opened, "wb") as out:
        shutil.copyfileobj(content, out)


def _unpack(folder: Path, told: dict[str, Any], private: bytes, aside: Path) -> None:
    with _opened(folder, "folders", private) as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
        for member in archive:
            _unpack_one(archive, member, aside)
    for path in told["files"]:
        if path.startswith(f"../{_ORIGINALS}/"):
            sha256 = Path(path).stem
            (aside / _ORIGINALS).mkdir(exist_ok=True)
            _write_out(folder / path, private, f"original {sha256}", aside / _ORIGINALS / sha256)
    if told["complaints"] is None:
        return
    halves = aside / "complaints-copy"
    halves.mkdir(mode=0o700)
    _write_out(folder / f"{_COMPLAINTS}.sealed", private, _COMPLAINTS, halves / "complaints.copy")
    wraps = folder.parent / _WRAPS / f"{told['name']}.sealed"
    if wraps.exists():  # of an older backup they are gone, on purpose
        _write_out(wraps, private, f"{_WRAPS} {told['name']}", halves / "complaint-keys.copy")


def _write_out(file: Path, private: bytes, bound: str, target: Path) -> None:
    with sealed_files.reading(file, private, bound) as plain, target.open("xb") as out:
        target.chmod(0o600)
        shutil.copyfileobj(plain, out, 1 << 20)


def _opened(folder: Path, name: str, private: bytes) -> Any:
    return sealed_files.reading(folder / f"{name}.sealed", private, name)


def _manifest(folder: Path, private: bytes) -> dict[str, Any]:
    with _opened(folder, _MANIFEST, private) as plain:
        told: dict[str, Any] = orjson.loads(plain.read())
    if told["name"] != folder.name:
        raise Damaged(f"{folder.name} 的清单是另一份备份（{told['name']}）的。")
    return told


def _check(folder: Path, files: dict[str, dict[str, Any]], progress: _TOLD) -> None:
    """Every file is there as the manifest says. Raises: Damaged."""
    for done, (path, sealed) in enumerate(sorted(files.items())):
        progress(done, len(files))
        optional = path.startswith(f"../{_WRAPS}/")
        if not (folder / path).is_file():
            if optional:
                continue
            raise Damaged(f"备份不完整：缺少 {path}。")
        if asdict(_look_at(folder / path)) != sealed:
            raise Damaged(f"备份已损坏：{path} 与清单不符。")


def _chosen(place: Path, name: str) -> Path:
    there = latest(place)
    if not there or (name and name not in there):
        raise NoBackup(f"{place} 里没有{f' {name} 这份' if name else ''}完整的备份。")
    return place / (name or there[0])


def _require_empty(database: Database, settings: Settings) -> None:
    if settings.data.exists():
        for file in settings.data.iterdir():
            if not file.name.startswith(".") and file.name != "lost+found":
                raise NotEmpty(f"{settings.data} 不是空的（有 {file.name}）；备份只恢复到空的数据目录，不会覆盖。")
    if not register_copies.is_empty(database):
        raise NotEmpty("登记数据库不是空的；备份只恢复到空的数据库，不会覆盖。")


def _sums_of_latest(place: Path) -> dict[str, str]:
    """What the latest backup said of its files; path → SHA-256."""
    for name in latest(place)[:1]:
        lines = (place / name / _SUMS).read_text(encoding="utf-8").splitlines()
        return {path: sha256 for sha256, _, path in (line.partition("  ") for line in lines)}
    return {}


def _look_at(file: Path) -> Sealed:
    with file.open("rb") as data:
        return Sealed(file.stat().st_size, hashlib.file_digest(data, "sha256").hexdigest())


@contextmanager
def _alone_in(place: Path) -> Iterator[None]:
    with (place / ".backup-lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotReady(f"{place} 里正在做另一份备份。") from None
        for left in (
            *place.glob(".begun.*"),
            *place.glob(".gone.*"),
            *place.glob(".backup.*"),
        ):  # of one that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield


def _public_file(settings: Settings) -> Path:
    return settings.data / "keys" / "backup.public"
