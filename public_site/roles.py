"""What each part of the site may do in a PostgreSQL database: the grants of three roles, table by table.

What this module knows that no other does: that the public part reads what is public and writes nothing, that the intake
sees of sealed rows only what it can name (a tracking code, a form's key, a reference, a partner), which the database itself
holds it to by row security, and that nobody but the owner, who migrates, changes a table. A table that is not named here
is a table that nobody was given: a test finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, text

from public_site.complaints.store import NAMED, SEALED, SEALED_NAME, WRAPS, WRAPS_NAME, make_schema
from public_site.database import Database
from public_site.faults import NotValid
from public_site.tables import METADATA

PARTS = ("public", "intake", "console")
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,30}")
_KEPT, _ALL = "SELECT, INSERT", "SELECT, INSERT, UPDATE, DELETE"
Grants = Mapping[str, str]  # privileges by part

_PUBLIC: Grants = {"public": "SELECT", "intake": "SELECT", "console": _ALL}
_CONSOLE: Grants = {"console": _ALL}
_LOOKED_UP: Grants = {"intake": "SELECT", "console": _ALL}
_BUCKETS: Grants = {"intake": _ALL, "console": _ALL}
REGISTER: dict[str, Grants] = {
    "alembic_version": {"public": "SELECT", "intake": "SELECT", "console": "SELECT"},
    "entry": {"public": "SELECT", "intake": "SELECT", "console": _KEPT},
    "checkpoint": {"public": "SELECT", "intake": "SELECT", "console": _KEPT},
    **dict.fromkeys(
        ("projection", "tree_node", "notice", "notice_industry", "enterprise", "enterprise_name", "merged_enterprise",
         "holding", "decision"), _PUBLIC
    ),
    "complaint_count": {"public": "SELECT", "intake": "SELECT", "console": _KEPT},
    # Hashes of tokens, and ids of enterprises: the pages of lists are public, making and forgetting one is the intake's.
    "followed_list": {"public": "SELECT", "intake": "SELECT, INSERT, DELETE", "console": _ALL},
    "error_report": {"intake": "INSERT, SELECT (id, sent_once)", "console": _ALL},
    "bucket": _BUCKETS,
    "daily_key": _BUCKETS,
    **dict.fromkeys(
        ("audit", "console_session", "draft", "draft_preview", "draft_row", "draft_step", "supervisor", "upload"), _CONSOLE
    ),
}  # fmt: skip
COMPLAINTS: dict[str, Grants] = {
    "complaint": {"intake": "SELECT, INSERT, UPDATE", "console": _ALL},
    "step": {"intake": "SELECT, INSERT, DELETE", "console": _ALL},
    "photo": {"intake": "INSERT, DELETE, SELECT (complaint, ordinal)", "console": _ALL},
    "opening": {"intake": "SELECT, DELETE", "console": _ALL},
    "given": {"intake": "DELETE, SELECT (complaint)", "console": _ALL},
    "proposed": {"intake": "DELETE, SELECT (complaint)", "console": _ALL},
    "letter": {"intake": "INSERT, DELETE, SELECT (id, reference)", "console": _ALL},
    **dict.fromkeys(("body", "partner", "quarter", "cell", "answer_time"), _LOOKED_UP),
    "bucket": _BUCKETS,
    "daily_key": _BUCKETS,
    **dict.fromkeys(("saved_view", "reply_template", "proposal", "upheld", "change", "member"), _CONSOLE),
}
KEYS: dict[str, Grants] = {
    "wrap": {"intake": "SELECT, INSERT, DELETE", "console": _ALL},
    "holder": _CONSOLE,
    "unlocked": _CONSOLE,
}
# What the intake adds rows to that are counted.
_COUNTED: dict[str, tuple[str, ...]] = {
    "public": ("error_report_id_seq",), SEALED_NAME: ("complaint_id_seq", "letter_id_seq"), WRAPS_NAME: (),
}  # fmt: skip
_SAID = f"string_to_array(current_setting('{NAMED}', true), chr(10))"
# Which rows the intake sees; it may add any, since they are sealed.
_SEEN = {
    SEALED_NAME: {
        "complaint": f"code_mac = ANY({_SAID}) OR once = ANY({_SAID}) OR reference = ANY({_SAID}) OR partner = ANY({_SAID})",
        **dict.fromkeys(("step", "photo", "opening", "given", "proposed"),
                        f"complaint IN (SELECT id FROM {SEALED_NAME}.complaint)"),
        "letter": f"reference IN (SELECT reference FROM {SEALED_NAME}.complaint)",
    },
    WRAPS_NAME: {"wrap": f"reference = ANY({_SAID})"},
}  # fmt: skip
_SETTINGS = {
    "public": ("default_transaction_read_only = on", "statement_timeout = '60s'"),
    "intake": ("statement_timeout = '60s'",),
}
_IDLE = "idle_in_transaction_session_timeout = '10min'"


class CannotGrant(NotValid):
    """The register is not in PostgreSQL, or the roles cannot be called so."""


def statements(database: Database, prefix: str) -> list[str]:
    """The SQL that makes the roles `{prefix}_public`, `…_intake`, `…_console` and gives each what it needs and no more.

    To be run by the owner of the tables, again after every migration; running it twice changes nothing.

    Raises: CannotGrant.
    """
    if database.is_sqlite:
        raise CannotGrant("角色只用于 PostgreSQL：请先设置 PUBLIC_SITE_DATABASE_URL。")
    if not _PREFIX.fullmatch(prefix):
        raise CannotGrant("角色名的前缀只能用小写字母、数字和下划线，以字母开头。")
    with database.reading() as connection:
        name, version = connection.execute(
            text("SELECT current_database(), current_setting('server_version_num')::int")
        ).one()
    database_name = '"' + str(name).replace('"', '""') + '"'
    roles = {part: f"{prefix}_{part}" for part in PARTS}
    return [*_made(roles, database_name), *_given("public", REGISTER, roles), *_given(SEALED_NAME, COMPLAINTS, roles),
            *_given(WRAPS_NAME, KEYS, roles), *_seen(roles), *_shredding(roles, int(version))]  # fmt: skip


def prepare(database: Database) -> None:
    """Make the schemas of complaints, where there were none yet: grants are given on tables that are there."""
    for name, tables in ((SEALED_NAME, SEALED), (WRAPS_NAME, WRAPS)):
        with database.writing() as connection:
            make_schema(connection, name, tables)


def apply(connection: Connection, made: list[str]) -> None:
    """Run them, in the transaction of a `writing()`."""
    for statement in made:
        connection.exec_driver_sql(statement)


def _made(roles: Mapping[str, str], database: str) -> Iterator[str]:
    for part, role in roles.items():
        yield (f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN"
               f" CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS; END IF; END $$")  # fmt: skip
        for setting in (*_SETTINGS.get(part, ()), _IDLE):
            yield f"ALTER ROLE {role} SET {setting}"
    everybody = ", ".join(roles.values())
    yield f"REVOKE ALL ON DATABASE {database} FROM PUBLIC, {everybody}"
    yield f"GRANT CONNECT ON DATABASE {database} TO {everybody}"


def _given(schema: str, tables: Mapping[str, Grants], roles: Mapping[str, str]) -> Iterator[str]:
    everybody = ", ".join(roles.values())
    yield f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC, {everybody}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {everybody}"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM PUBLIC, {everybody}"
    those = sorted({roles[part] for grants in tables.values() for part in grants})
    yield f"GRANT USAGE ON SCHEMA {schema} TO {', '.join(those)}"
    for table, grants in tables.items():
        for part, privileges in grants.items():
            yield f'GRANT {privileges} ON {schema}."{table}" TO {roles[part]}'
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {roles['console']}"
    for sequence in _COUNTED[schema]:
        yield f"GRANT USAGE ON SEQUENCE {schema}.{sequence} TO {roles['intake']}"


def _seen(roles: Mapping[str, str]) -> Iterator[str]:
    """Row security: the console sees every row, the intake what it names; the owner is not bound by it."""
    for schema, tables in _SEEN.items():
        for table, condition in tables.items():
            there = f'{schema}."{table}"'
            yield f"ALTER TABLE {there} ENABLE ROW LEVEL SECURITY"
            for name, role, using, adding in (
                (f"{roles['console']}_all", roles["console"], "true", "true"),
                (f"{roles['intake']}_named", roles["intake"], condition, "true"),
            ):
                yield f"DROP POLICY IF EXISTS {name} ON {there}"
                yield f"CREATE POLICY {name} ON {there} TO {role} USING ({using}) WITH CHECK ({adding})"


def _shredding(roles: Mapping[str, str], version: int) -> Iterator[str]:
    """Who erases must rewrite the table of wraps; before PostgreSQL 17 only its owner can."""
    if version >= 170000:
        yield f"GRANT MAINTAIN ON {WRAPS_NAME}.wrap TO {roles['intake']}, {roles['console']}"


def tables() -> dict[str, tuple[set[str], dict[str, Grants]]]:
    """By schema: the tables there are, and what is decided of each."""
    return {
        "public": ({*METADATA.tables, "alembic_version"}, REGISTER),
        SEALED_NAME: (set(SEALED.tables), COMPLAINTS),
        WRAPS_NAME: (set(WRAPS.tables), KEYS),
    }
