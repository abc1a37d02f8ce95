"""The bodies that complaints go to, and who of the console works for which: loaded from a file, kept in the store.

What this module knows that no other does: what must hold of a file of bodies (known levels and divisions, parents that
exist and are higher, one duty desk), so that routing never falls through.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, insert, text

from public_site import places
from public_site.complaints.routing import DUTY, LEVELS, Body
from public_site.complaints.store import BODY, MEMBER, Store
from public_site.faults import NotFound, NotValid

COLUMNS = ("id", "name", "level", "divisions", "competences", "parent", "address")
COMPETENCES = frozenset({"pollution", "objection"})


class BodiesRefused(NotValid):
    """A file of bodies that cannot be used; every problem with its line."""


class NoSuchBody(NotFound):
    """There is no body of this id."""


def load(store: Store, file: Path) -> int:
    """Take the bodies of a CSV file (columns: `COLUMNS`; several values with a space between) in place of those before.

    Raises: BodiesRefused; then nothing changes.
    """
    found = _read(file)
    with store.sealed.writing() as connection:
        if gone := sorted(_used(connection) - set(found)):
            raise BodiesRefused(f"{file.name}：{'、'.join(gone)} 还有投诉或人员，不能从名单中去掉。")
        connection.execute(text("DELETE FROM body"))
        connection.execute(insert(BODY), [_row(body) for body in found.values()])
    return len(found)


def all_of(connection: Connection) -> dict[str, Body]:
    """Every body by its id."""
    rows = connection.execute(text("SELECT id, name, level, divisions, competences, parent, address FROM body"))
    return {row[0]: _body(*row) for row in rows}


def appoint(store: Store, who: str, body: str) -> None:
    """Let a person of the console work for a body, and for no other. Raises: NoSuchBody."""
    with store.sealed.writing() as connection:
        if body not in all_of(connection):
            raise NoSuchBody(f"没有编号为 {body} 的机关。")
        connection.execute(text("DELETE FROM member WHERE who = :who"), {"who": who})
        connection.execute(insert(MEMBER), [{"who": who, "body": body}])


def dismiss(store: Store, who: str) -> None:
    """Let a person work for no body any more."""
    with store.sealed.writing() as connection:
        connection.execute(text("DELETE FROM member WHERE who = :who"), {"who": who})


def put(store: Store, body: Body) -> None:
    """Add a body, or change what is known of it. Raises: BodiesRefused; then nothing changes."""
    with store.sealed.writing() as connection:
        check(all_of(connection) | {body.id: body})
        connection.execute(text("DELETE FROM body WHERE id = :id"), {"id": body.id})
        connection.execute(insert(BODY), [_row(body)])


def remove(store: Store, id: str) -> None:
    """Take a body away that has neither complaints nor people. Raises: BodiesRefused, NoSuchBody."""
    with store.sealed.writing() as connection:
        known = all_of(connection)
        if id not in known:
            raise NoSuchBody(f"没有编号为 {id} 的机关。")
        if id in _used(connection):
            raise BodiesRefused(f"{known[id].name}还有投诉或人员，不能去掉。")
        check({other: body for other, body in known.items() if other != id})
        connection.execute(text("DELETE FROM body WHERE id = :id"), {"id": id})


def check(among: Mapping[str, Body]) -> None:
    """Raises: BodiesRefused, unless complaints can be routed among these bodies."""
    problems = [f"{body.name or body.id}：{what}" for body in among.values() for what in _problems(body, among)]
    if DUTY not in among:
        problems.append(f"缺少值班席（编号 {DUTY}）")
    if problems:
        raise BodiesRefused("；".join(problems) + "。")


def of_columns(said: Mapping[str, str]) -> Body:
    """A body as a line of a file says it."""
    return _body(*(str(said.get(column, "")) for column in COLUMNS))


def columns_of(body: Body) -> dict[str, str]:
    """A body as a line of a file says it."""
    return _row(body)


def _used(connection: Connection) -> set[str]:
    query = text("SELECT body FROM complaint UNION SELECT body FROM member UNION SELECT offered_to FROM complaint"
                 " WHERE offered_to IS NOT NULL")  # fmt: skip
    return {str(body) for body in connection.execute(query).scalars()}


def body_of(connection: Connection, who: str) -> Body | None:
    """The body that a person works for."""
    body = connection.execute(text("SELECT body FROM member WHERE who = :who"), {"who": who}).scalar()
    return all_of(connection).get(str(body)) if body else None


def _read(file: Path) -> Mapping[str, Body]:
    try:
        reader = csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines())
    except UnicodeDecodeError:
        raise BodiesRefused(f"{file.name} 不是 UTF-8 文本，请另存为 UTF-8 的 CSV。") from None
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise BodiesRefused(f"{file.name} 第 1 行应为：{','.join(COLUMNS)}。")
    rows = [(number, _body(*(record[column] or "" for column in COLUMNS))) for number, record in enumerate(reader, 2)]
    found = {body.id: body for _, body in rows}
    problems = [f"第 {number} 行：{what}" for number, body in rows for what in _problems(body, found)]
    if len(found) < len(rows):
        problems.append("有编号重复")
    if DUTY not in found:
        problems.append(f"缺少值班席（编号 {DUTY}）")
    if problems:
        raise BodiesRefused(f"{file.name} 没有采用。" + "；".join(problems) + "。")
    return found


def _problems(body: Body, among: Mapping[str, Body]) -> list[str]:
    found = []
    if not body.id.isascii() or not body.id.replace("-", "").isalnum():
        found.append("编号只能用字母、数字和连字符")
    if not body.name:
        found.append("没有名称")
    if body.level not in LEVELS:
        found.append(f"级别应为 {'、'.join(LEVELS)} 之一")
    if unknown := [said for said in body.divisions if not _is_place(said)]:
        found.append(f"没有行政区划代码或园区 {'、'.join(unknown)}")
    if unknown := sorted(body.competences - COMPETENCES):
        found.append(f"职权应为 {'、'.join(sorted(COMPETENCES))}，没有 {'、'.join(unknown)}")
    parent = among.get(body.parent)
    if body.parent and (parent is None or not _is_higher(parent, body)):
        found.append("上级应为名单中级别更高的机关")
    return found


def _is_place(said: str) -> bool:
    code, mark, zone = said.partition(":")
    return places.is_division(code) and (not mark or places.is_zone(zone))


def _is_higher(parent: Body, body: Body) -> bool:
    known = parent.level in LEVELS and body.level in LEVELS
    return known and LEVELS.index(parent.level) > LEVELS.index(body.level)


def _body(id: str, name: str, level: str, divisions: str, competences: str, parent: str, address: str) -> Body:
    return Body(id.strip(), name.strip(), level.strip(), tuple(divisions.split()), frozenset(competences.split()),
                parent.strip(), address.strip())  # fmt: skip


def _row(body: Body) -> dict[str, str]:
    return {"id": body.id, "name": body.name, "level": body.level, "divisions": " ".join(body.divisions),
            "competences": " ".join(sorted(body.competences)), "parent": body.parent, "address": body.address}  # fmt: skip
