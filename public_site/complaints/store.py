"""The two databases of complaints: what is sealed, and the wraps that open it.

What this module knows that no other does: that both stand apart from the register's database (files of their own, or
schemas of their own on PostgreSQL), that the wraps stand apart from what they open, so that a copy of the sealed half
is worth nothing by itself and an erased complaint is gone from old copies too, and what in a complaint is not sealed:
only what routing, clocks and counting need, to the day.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from joserfc.jwk import OKPKey
from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    make_url,
    text,
)
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel

from public_site import lasting, throttling
from public_site.complaints import sealing
from public_site.database import Database
from public_site.faults import NotReady
from public_site.languages import _
from public_site.settings import Settings

SEALED_NAME, WRAPS_NAME = "complaints", "complaint_keys"  # of the files, and of the schemas on PostgreSQL
_SEALED_LOCK, _WRAPS_LOCK = 0x6D696E676A70, 0x6D696E676A71
_SHRED_MILLISECONDS = 2_000
NAMED = "mingji.named"  # a setting of a PostgreSQL transaction: what `ask_for` said in it
_MAY_REWRITE = (
    "SELECT pg_has_role(relowner, 'USAGE') OR EXISTS (SELECT FROM aclexplode(relacl) WHERE privilege_type = 'MAINTAIN'"
    " AND pg_has_role(grantee, 'USAGE')) FROM pg_class WHERE oid = to_regclass('wrap')"
)
_PHOTO_ROOM = 256 << 20  # below this much room on the disk photos are not taken; text still is

_DEMO_MARK = "only-for-the-demo"

SEALED, WRAPS = MetaData(), MetaData()


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, String().with_variant(String(collation="C"), "postgresql"), nullable=null)


COMPLAINT = Table(
    "complaint", SEALED,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _text("reference"),    # what the informant and the body call it by; tells nothing
    _text("code_mac"),     # HMAC of the tracking code
    _text("once"),         # hash of the form's key: the same form twice is one complaint
    _text("kind"),         # pollution | objection
    _text("place"),        # division code as far as the county, or empty
    _text("categories"),   # of reference/complaint_categories, space between
    _text("alike"),        # HMAC of the enterprise or point: groups what may be the same, tells nothing
    _text("about_body", null=True),   # the body that the complaint is about
    _text("body"),         # the body that has it now
    _text("offered_to", null=True),   # the body that was asked to take it over
    _text("state"),
    _text("received_on"),
    _text("accepted_on", null=True),
    _text("asked_on", null=True),
    _text("due_on", null=True),
    _text("due_clock", null=True),
    _text("closed_on", null=True),
    _text("outcome", null=True),
    _text("partner", null=True),      # the system that lodged it for somebody
    Column("extended", Integer, nullable=False),
    Column("objected", Integer, nullable=False),   # "not solved" was said
    Column("late", Integer, nullable=False),       # a clock ran out: the body above sees it
    Column("statement", LargeBinary, nullable=True),
    Column("contact", LargeBinary, nullable=True),
    Index("complaint_of_code", "code_mac", unique=True),
    Index("complaint_once", "once", unique=True),
    Index("complaint_reference", "reference", unique=True),
    Index("complaint_by_body", "body", "state", "due_on"),
    Index("complaint_by_offer", "offered_to"),
    Index("complaint_by_due", "state", "due_on"),
    Index("complaint_alike", "alike"),
    Index("complaint_of_partner", "partner", "received_on"),
)  # fmt: skip
STEP = Table(
    "step", SEALED,
    Column("complaint", Integer, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    _text("act"),
    _text("by"),           # informant | body | system
    _text("body", null=True),
    _text("who"),          # the person of the console; empty for the informant
    _text("made_on"),
    _text("code"),         # a reason, an outcome, a rule: a word of a table, never of a person
    Column("shown", Integer, nullable=False),      # whether the informant sees it
    Column("said", LargeBinary, nullable=True),    # sealed
)  # fmt: skip
PHOTO = Table(
    "photo", SEALED,
    Column("complaint", Integer, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("picture", LargeBinary, nullable=False),
)  # fmt: skip
OPENING = Table(
    "opening", SEALED,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("complaint", Integer, nullable=False),
    _text("what"),         # statement | contact | photo
    _text("body"),
    _text("who"),
    _text("opened_on"),
    Index("opening_of", "complaint"),
)  # fmt: skip
LETTER = Table(
    "letter", SEALED,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _text("about"),        # new | overdue | offered
    _text("reference"),
    _text("body"),
    _text("made_on"),
    _text("sent_on", null=True),
    Column("tries", Integer, nullable=False),
    _text("next_at", null=True),   # when it is tried again
    _text("fault"),                # why it was not taken
    Column("told", Integer, nullable=False),   # the operator heard of it
    Index("letter_waiting", "sent_on", "id"),
)  # fmt: skip
BODY = Table(
    "body", SEALED,
    Column("id", String, primary_key=True),
    _text("name"), _text("level"), _text("divisions"), _text("competences"), _text("parent"), _text("address"),
)  # fmt: skip
# Whom of the body that has it a complaint was given to.
GIVEN = Table("given", SEALED, Column("complaint", Integer, primary_key=True), _text("who"))
SAVED_VIEW = Table(
    "saved_view", SEALED,
    Column("who", String, primary_key=True),
    Column("name", String, primary_key=True),
    _text("query"),        # what the queue's URL says: views, kinds, codes of places; nothing of a complaint
)  # fmt: skip
REPLY_TEMPLATE = Table(
    "reply_template", SEALED,
    Column("body", String, primary_key=True),
    Column("name", String, primary_key=True),
    _text("said"),         # written before there is a case
)  # fmt: skip
PROPOSAL = Table(
    "proposal", SEALED,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("enterprise", Integer, nullable=False),
    _text("body"), _text("who"),
    _text("said"),         # written for the publishers; which complaint it was is not kept
    _text("made_on"), _text("state"), _text("answer", null=True), _text("closed_by", null=True), _text("closed_on", null=True),
    Index("proposal_by_state", "state", "id"),
)  # fmt: skip
# The proposals that a complaint led to, each number sealed with the complaint: only whoever opens that can follow it.
PROPOSED = Table(
    "proposed", SEALED,
    Column("complaint", Integer, nullable=False),
    Column("proposal", LargeBinary, nullable=False),
    Index("proposed_of", "complaint"),
)  # fmt: skip
# The proposals whose complaint its body closed as substantiated, whole or in part.
UPHELD = Table("upheld", SEALED, Column("proposal", Integer, primary_key=True, autoincrement=False))
CHANGE = Table(
    "change", SEALED,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _text("kind"),         # of administration.KINDS
    _text("what"),         # JSON
    _text("asked_by"), _text("asked_on"), _text("state"), _text("decided_by", null=True), _text("decided_on", null=True),
    Index("change_by_state", "state", "id"),
)  # fmt: skip
PARTNER = Table("partner", SEALED, Column("name", String, primary_key=True), _text("key_hash"), _text("since"),
                Index("partner_of_key", "key_hash", unique=True))  # fmt: skip
# What is public of closed quarters; written once each, and only what may be read by anybody.
QUARTER = Table("quarter", SEALED, Column("quarter", String, primary_key=True), _text("made_on"))
CELL = Table(
    "cell", SEALED,
    Column("quarter", String, primary_key=True),
    Column("place", String, primary_key=True),      # a county, or empty for the whole country
    Column("category", String, primary_key=True),
    Column("complaints", Integer, nullable=False),
)  # fmt: skip
ANSWER_TIME = Table(
    "answer_time", SEALED,
    Column("quarter", String, primary_key=True),
    Column("body", String, primary_key=True),
    Column("clock", String, primary_key=True),      # accept | finish
    _text("name"),
    Column("complaints", Integer, nullable=False),
    Column("half_days", Integer, nullable=False),   # half of them took so many days at most
    Column("most_days", Integer, nullable=False),   # nine of ten did
)  # fmt: skip
MEMBER = Table("member", SEALED, Column("who", String, primary_key=True), _text("body"))
# Token buckets of its own, so that a long publication does not keep complaints waiting.
for _name in ("bucket", "daily_key"):
    SQLModel.metadata.tables[_name].to_metadata(SEALED)

WRAP = Table(
    "wrap", WRAPS,
    Column("reference", String, primary_key=True),
    Column("part", String, primary_key=True),        # statement | contact
    Column("recipient", String, primary_key=True),   # console | code
    Column("wrapped", LargeBinary, nullable=False),
)  # fmt: skip
HOLDER = Table(
    "holder", WRAPS,
    Column("who", String, primary_key=True),
    Column("public", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("private", LargeBinary, nullable=False),  # sealed with a key of the password
    Column("console", LargeBinary, nullable=True),   # the console's private key, wrapped to `public`
)  # fmt: skip
UNLOCKED = Table(
    "unlocked", WRAPS,
    Column("session", String, primary_key=True),     # hash of the session's token
    Column("console", LargeBinary, nullable=False),  # the console's private key, sealed with a key of the token
    _text("since"),
)  # fmt: skip


PER_ADDRESS = throttling.Rate(burst=60, seconds=20)


def ask_for(connection: Connection, *said: str) -> None:
    """Before sealed rows are looked for: by which tracking code's HMAC, form's key, reference or partner.

    On PostgreSQL the intake's role sees no others (`roles.py`); it holds until the transaction ends.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT set_config(:named, :said, true)"), {"named": NAMED, "said": "\n".join(said)})


class NotOpenYet(NotReady):
    """No key ceremony has been held: nothing could be sealed, so nothing is taken."""


@dataclass(frozen=True)
class Store:
    """Where complaints are kept. Made once per process; opens its databases when they are first asked for."""

    settings: Settings
    _kept: dict[str, Database] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The keys the intake holds: the console's public one, and the pepper of the tracking codes."""
        return self.settings.data / "keys" / "complaints"

    @property
    def is_open(self) -> bool:
        """Whether the key ceremony has been held; one of the demo's, whose passphrase is public, counts in a demo only."""
        return (self.folder / "console.public").exists() and self._may_be_used

    @property
    def _may_be_used(self) -> bool:
        return self.settings.demo or not (self.folder / _DEMO_MARK).exists()

    def mark_as_demo(self) -> None:
        """Before the demo's ceremony: what will be made here is never to be used elsewhere."""
        if not (self.folder / _DEMO_MARK).exists():
            write_key(self.folder / _DEMO_MARK, b"")

    @cached_property
    def pepper(self) -> bytes:
        """Raises: NotOpenYet."""
        return self._key("pepper")

    @property
    def public_key(self) -> bytes:
        """The console's. Raises: NotOpenYet."""
        return self._key("console.public")

    @cached_property
    def proof_key(self) -> OKPKey:
        """What registration proofs are signed with (Ed25519). Raises: NotOpenYet."""
        return OKPKey.import_key(self._key(self.settings.proof_key.name))

    @property
    def sealed(self) -> Database:
        """Complaints and what became of them. Raises: NotOpenYet."""
        return self._database(SEALED_NAME, SEALED, _SEALED_LOCK)

    @property
    def wraps(self) -> Database:
        """The wrapped keys. Raises: NotOpenYet."""
        return self._database(WRAPS_NAME, WRAPS, _WRAPS_LOCK)

    @property
    def has_room_for_photos(self) -> bool:
        """False while the disk is nearly full; text is accepted even then."""
        return shutil.disk_usage(self.settings.data).free >= _PHOTO_ROOM

    def mac(self, purpose: str, said: str) -> str:
        """HMAC with the pepper, for one purpose."""
        return sealing.mac(self.pepper, purpose, said)

    def slow_down(self, purpose: str, address: str, *, at: datetime) -> None:
        """Raises: throttling.TooFast. The address is kept nowhere."""
        with self.sealed.writing(lasting=False) as connection:
            heard = throttling.take(connection, purpose, address, PER_ADDRESS, at=at)
        if not heard:
            raise throttling.TooFast(_("从您的网络来的请求太多，请过几分钟再试；已经收到的不会丢失。"))

    def close(self) -> None:
        """Give every connection back."""
        for database in self._kept.values():
            database.close()
        self._kept.clear()

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """One snapshot of the sealed half."""
        with self.sealed.reading() as connection:
            yield connection

    @property
    def keeps_house(self) -> bool:
        """Whether this process may do what is due of all complaints: the intake's role sees only those that it names."""
        if self.sealed.is_sqlite:
            return True
        with self.looking() as connection:
            return bool(connection.execute(text("SELECT has_table_privilege('quarter', 'INSERT')")).scalar())

    @property
    def wants_shredding(self) -> bool:
        """Whether something may be left of what was deleted (PostgreSQL: as its statistics tell)."""
        if self.sealed.is_sqlite:
            return True
        query = "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = to_regclass('wrap')"
        with self.wraps.reading() as connection:
            return bool(connection.execute(text(query)).scalar())

    def shred(self) -> bool:
        """Leave nothing of what was deleted: not in free pages (SQLite overwrites), not in the log of changes.

        False where somebody who was reading kept the log from being emptied, or this role may not (before PostgreSQL 17 only
        the owner may); then the next round does it, or the owner's `complaints upkeep`.
        """
        gone = True
        for database in (self.sealed, self.wraps):
            if database.is_sqlite:
                with create_engine(database.url).connect() as connection:
                    connection.exec_driver_sql(f"PRAGMA busy_timeout={_SHRED_MILLISECONDS}")
                    busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
                    gone = gone and not busy
        if not self.wraps.is_sqlite:
            engine = create_engine(self.wraps.url, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.exec_driver_sql(f"SET lock_timeout = {_SHRED_MILLISECONDS}")
                if not connection.execute(text(_MAY_REWRITE)).scalar():
                    engine.dispose()
                    return False
                try:
                    connection.execute(text("VACUUM (FULL) wrap"))
                except OperationalError:  # somebody is reading
                    gone = False
            engine.dispose()
        return gone

    def _key(self, name: str) -> bytes:
        if not self._may_be_used:
            raise NotOpenYet("这里的投诉密钥是演示用的，口令公开，不能收真实的投诉；请换一个数据目录。")
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            raise NotOpenYet(_("投诉受理还没有开通：请先运行 public-site complaints ceremony。")) from None

    def _database(self, name: str, tables: MetaData, lock: int) -> Database:
        if name not in self._kept:
            _ = self.public_key
            self._kept[name] = _opened(self.settings, name, tables, lock)
        return self._kept[name]


def _opened(settings: Settings, name: str, tables: MetaData, lock: int) -> Database:
    if not settings.database_url:
        database = Database(f"sqlite:///{settings.data / name}.db", writer_lock=lock, forgets=True)
        (settings.data / f"{name}.db").touch(mode=0o600)
    else:
        there = make_url(settings.register_url).update_query_dict({"options": f"-csearch_path={name}"})
        database = Database(there.render_as_string(hide_password=False), writer_lock=lock, forgets=True)
    if not database.is_sqlite and _is_made(database, name, tables):
        return database
    with database.writing() as connection:
        if database.is_sqlite:
            tables.create_all(connection)
        else:
            make_schema(connection, name, tables)
    return database


def _is_made(database: Database, name: str, tables: MetaData) -> bool:
    """Whether every table is there already: a part that may not make any only looks."""
    query = text("SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(:name) AND relkind = 'r'")
    with database.reading() as connection:
        return tables.tables.keys() <= set(connection.execute(query, {"name": name}).scalars())


def make_schema(connection: Connection, name: str, tables: MetaData) -> None:
    """Make the schema of one half with what is missing of its tables; names mean those in it until the transaction ends."""
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {name}"))
    connection.execute(text(f"SET LOCAL search_path TO {name}"))
    tables.create_all(connection)


def write_key(file: Path, data: bytes) -> None:
    """A key in a new file that only its owner reads, on the disk before this returns."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "wb") as out:
        out.write(data)
        lasting.settle(out)
