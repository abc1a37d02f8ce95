"""The register (append-only by trigger), its projections, checkpoints and drafts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# table: (columns of the primary key, other columns, {index: columns}); "?" may be null; suffix #int, #hash, else text
_TABLES: dict[str, tuple[str, str, dict[str, list[str]]]] = {
    "entry": (
        "number#int",
        "kind stage? notice_id?#int enterprise_id?#int unit_id?#int effective_on? published_at body leaf#hash",
        {
            "entry_of_enterprise": ["enterprise_id", "number"],
            "entry_of_notice": ["notice_id", "number"],
            "entry_of_kind": ["kind", "number"],
        },
    ),
    "checkpoint": ("size#int", "note", {}),
    "projection": ("name", "as_of#int", {}),
    "tree_node": ("level#int position#int", "hash#hash", {}),
    "notice": (
        "id#int",
        "title issuer division? number? issued_on published_at stage scope scheme sha256 decisions#int downgrades#int",
        {"notice_by_day": ["issued_on", "id"], "notice_of_file": ["sha256"]},
    ),
    "enterprise": (
        "id#int",
        "name normal_name credit_code? province? city? county? zone? lat_e6?#int lon_e6?#int overall_grade?"
        " overall_reason excellence#int since? downgraded_on? touched#int",
        {
            "enterprise_of_code": ["credit_code"],
            "enterprise_by_name": ["normal_name", "id"],
            "enterprise_touched": ["touched"],
            "enterprise_excellent": ["excellence", "since", "id"],
        },
    ),
    "enterprise_name": (
        "enterprise_id#int ordinal#int",
        "name normal_name core_name",
        {"enterprise_name_normal": ["normal_name"], "enterprise_name_core": ["core_name"]},
    ),
    "holding": (
        "unit_id#int from_day",
        "to_day? enterprise_id#int site? industry? line? grade? scheme? since? entry?#int notice_id?#int listed#int"
        " managed_as? managed_until? downgraded_on? proposed_grade? proposed_scheme? proposed_since?"
        " proposed_entry?#int proposed_notice_id?#int",
        {"holding_of_enterprise": ["enterprise_id", "to_day"], "holding_of_notice": ["notice_id"]},
    ),
    "decision": (
        "entry#int",
        "notice_id#int enterprise_id#int unit_id#int kind stage effective_on sheet? row?#int site? industry? line?"
        " scheme grade? previous_grade? managed_as? managed_until? mended_by?#int withdrawn#int",
        {
            "decision_of_notice": ["notice_id", "entry"],
            "decision_of_enterprise": ["enterprise_id"],
            "decision_of_kind": ["kind", "stage", "withdrawn", "effective_on", "entry"],
        },
    ),
    "draft": (
        "id#serial",
        "kind state content sha256? drafted_by drafted_at base_entry#int salt closed_by? closed_at? first_entry?#int"
        " last_entry?#int",
        {"draft_of_file": ["sha256"]},
    ),
    "draft_row": (
        "draft_id#int ordinal#int",
        "content status enterprise_id?#int reason candidates choice? chosen_by?",
        {},
    ),
}
_APPEND_ONLY = ("entry", "checkpoint")


def upgrade() -> None:
    for table, (key, others, indexes) in _TABLES.items():
        columns = [_column(c, key=True) for c in key.split()] + [_column(c) for c in others.split()]
        op.create_table(table, *columns)
        for index, of in indexes.items():
            op.create_index(index, table, of)
    (_sqlite_triggers if op.get_bind().dialect.name == "sqlite" else _postgresql_triggers)()


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_change()")
        op.execute("DROP FUNCTION require_next_number()")


def _column(said: str, *, key: bool = False) -> sa.Column[Any]:
    name, _, kind = said.partition("#")
    # "C": text compares by code point in PostgreSQL as it does in SQLite, and prefixes use the index.
    plain = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    kinds: dict[str, sa.types.TypeEngine[Any]] = {"": plain, "hash": sa.LargeBinary(32)}
    return sa.Column(
        name.rstrip("?"),
        kinds.get(kind, sa.Integer()),
        primary_key=key,
        nullable=name.endswith("?"),
        autoincrement=kind == "serial",
    )


def _sqlite_triggers() -> None:
    for table in _APPEND_ONLY:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{act.lower()} BEFORE {act} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, 'the register is append-only: no {act} on {table}'); END"
            )
    # REPLACE deletes without a delete trigger: a number that is not the next one is refused.
    op.execute(
        "CREATE TRIGGER entry_takes_the_next_number BEFORE INSERT ON entry"
        " WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM entry)"
        " BEGIN SELECT RAISE(ABORT, 'the register is append-only: entry numbers have no gaps'); END"
    )
    op.execute(
        "CREATE TRIGGER checkpoint_is_new BEFORE INSERT ON checkpoint"
        " WHEN EXISTS (SELECT 1 FROM checkpoint WHERE size = NEW.size)"
        " BEGIN SELECT RAISE(ABORT, 'the register is append-only: a checkpoint is never replaced'); END"
    )


def _postgresql_triggers() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'the register is append-only: no % on %', TG_OP, TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE FUNCTION require_next_number() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM entry) THEN"
        " RAISE EXCEPTION 'the register is append-only: entry numbers have no gaps'; END IF; RETURN NEW; END $$"
    )
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_refuses_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER entry_takes_the_next_number BEFORE INSERT ON entry"
        " FOR EACH ROW EXECUTE FUNCTION require_next_number()"
    )
