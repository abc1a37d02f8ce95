"""How a person's name is written, so that one person is not two; which roles there are in the house."""

from __future__ import annotations

import unicodedata

from public_site.faults import NotValid

# Role → what it is called. What a role may do is said beside the act: `web/console` asks for it at the door.
ROLES = {"drafter": "起草人", "approver": "批准人", "supervisor": "投诉承办人", "administrator": "管理员"}


def name_of(person: str) -> str:
    """NFKC, without blanks at the ends and invisible characters.

    Raises: NotValid when nothing is left.
    """
    plain = unicodedata.normalize("NFKC", person)
    name = "".join(sign for sign in plain if not unicodedata.category(sign).startswith("C")).strip()
    if not name:
        raise NotValid("请写明操作人（--by 姓名）。")
    return name
