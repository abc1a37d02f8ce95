"""How the people of a body share its work: who was given what, views of one's own, sentences that replies begin with.

What this module knows that no other does: that none of it says anything of a complaint. A view is what a queue's URL
says, a template is written before there is a case, and a complaint is given to a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, bindparam, insert, text

from public_site.complaints import handling
from public_site.complaints.handling import Desk
from public_site.complaints.store import GIVEN, REPLY_TEMPLATE, SAVED_VIEW, Store
from public_site.faults import NotValid

MOST_VIEWS = 20
MOST_TEMPLATES = 50
LONGEST_TEMPLATE = 2_000
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)


@dataclass(frozen=True, slots=True)
class SavedView:
    """A queue's URL under a name of one's own."""

    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Template:
    """What a reply of this body may begin with."""

    name: str
    said: str


# --- views


def views(store: Store, who: str) -> list[SavedView]:
    """Somebody's own views, by name."""
    with store.looking() as connection:
        rows = connection.execute(
            text("SELECT name, query FROM saved_view WHERE who = :who ORDER BY name"), {"who": who}
        )
        return [SavedView(*row) for row in rows]


def save_view(store: Store, who: str, name: str, query: str) -> None:
    """Raises: NotValid when there are too many."""
    with store.sealed.writing() as connection:
        connection.execute(text("DELETE FROM saved_view WHERE who = :who AND name = :name"), {"who": who, "name": name})
        there = connection.execute(text("SELECT count(*) FROM saved_view WHERE who = :who"), {"who": who}).scalar_one()
        if int(there) >= MOST_VIEWS:
            raise NotValid(f"最多保存 {MOST_VIEWS} 个视图，请先删去不用的。")
        connection.execute(insert(SAVED_VIEW), [{"who": who, "name": name, "query": query}])


def remove_view(store: Store, who: str, name: str) -> None:
    """One that is not there is let be."""
    with store.sealed.writing() as connection:
        connection.execute(text("DELETE FROM saved_view WHERE who = :who AND name = :name"), {"who": who, "name": name})


# --- who was given what


def colleagues(store: Store, desk: Desk) -> list[str]:
    """Everybody who works for this body, by name."""
    with store.looking() as connection:
        rows = connection.execute(
            text("SELECT who FROM member WHERE body = :body ORDER BY who"), {"body": desk.body.id}
        )
        return [str(who) for who in rows.scalars()]


def given(store: Store, numbers: Sequence[int]) -> dict[int, str]:
    """Complaint → to whom it was given, as long as the body has it that this person works for."""
    query = text(
        "SELECT g.complaint, g.who FROM given g JOIN complaint c ON c.id = g.complaint"
        " JOIN member m ON m.who = g.who AND m.body = c.body WHERE g.complaint IN :ids"
    ).bindparams(_IDS)
    with store.looking() as connection:
        return (
            {int(row[0]): str(row[1]) for row in connection.execute(query, {"ids": list(numbers)})} if numbers else {}
        )


def give(store: Store, desk: Desk, numbers: Sequence[int], who: str) -> int:
    """Give complaints that this body has to one of its people, all or none; empty `who`: to nobody. How many.

    Raises: NoSuchComplaint when one of them is not this body's, NotValid when `who` does not work for it.
    """
    if not numbers:
        raise NotValid("请先勾选投诉。")
    if who and who not in colleagues(store, desk):
        raise NotValid("只能交给本机关的人。")
    with store.sealed.writing() as connection:
        for number in dict.fromkeys(numbers):
            handling.require_own(connection, desk, number)
            connection.execute(text("DELETE FROM given WHERE complaint = :id"), {"id": number})
            if who:
                connection.execute(insert(GIVEN), [{"complaint": number, "who": who}])
    return len(set(numbers))


# --- templates


def templates(store: Store, desk: Desk) -> list[Template]:
    """What replies of this body may begin with, by name."""
    with store.looking() as connection:
        rows = connection.execute(text("SELECT name, said FROM reply_template WHERE body = :body ORDER BY name"),
                                  {"body": desk.body.id})  # fmt: skip
        return [Template(*row) for row in rows]


def save_template(store: Store, desk: Desk, name: str, said: str) -> None:
    """The same name again replaces it. Raises: NotValid."""
    if not said.strip() or len(said) > LONGEST_TEMPLATE:
        raise NotValid(f"模板应有 1 至 {LONGEST_TEMPLATE} 个字。")
    key = {"body": desk.body.id, "name": name}
    with store.sealed.writing() as connection:
        connection.execute(text("DELETE FROM reply_template WHERE body = :body AND name = :name"), key)
        there = connection.execute(text("SELECT count(*) FROM reply_template WHERE body = :body"), key).scalar_one()
        if int(there) >= MOST_TEMPLATES:
            raise NotValid(f"最多 {MOST_TEMPLATES} 个模板，请先删去不用的。")
        connection.execute(insert(REPLY_TEMPLATE), [key | {"said": said.strip()}])


def remove_template(store: Store, desk: Desk, name: str) -> None:
    """One that is not there is let be."""
    with store.sealed.writing() as connection:
        connection.execute(text("DELETE FROM reply_template WHERE body = :body AND name = :name"),
                           {"body": desk.body.id, "name": name})  # fmt: skip
