"""What a clerk says about a notice beside its file: the fields of `notices.Given`, as a form reads and shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from public_site.notices import Given
from public_site.web.forms import Form

FIELDS = ("title", "issuer", "issued_on", "stage", "number", "scope", "local", "url")
STAGES = (("decided", "公告、通知、函（已确定）"), ("proposed", "公示（拟定，征求意见）"))
SCOPES = (
    ("increment", "新增的一批"),
    ("snapshot", "截至某日的完整名单"),
    ("single", "单个企业"),
    ("mixed", "有新增也有调整"),
)
RULES = (("national", "国家标准"), ("local", "地方标准"))


def read(form: Form) -> Given:
    """What the form says; its problems are noted in it."""
    local = form.choice("local", tuple(value for value, _ in RULES))
    stage = form.choice("stage", tuple(value for value, _ in STAGES))
    scope = form.choice("scope", tuple(value for value, _ in SCOPES))
    return Given(
        title=form.text("title", longest=300),
        issuer=form.text("issuer", longest=100),
        issued_on=form.day("issued_on"),
        number=form.text("number", longest=100),
        stage=stage,  # type: ignore[arg-type]  # one of the words above
        scope=scope,  # type: ignore[arg-type]
        local=None if local is None else local == "local",
        url=form.web_address("url"),
    )


def shown(given: Mapping[str, Any]) -> Form:
    """A form that shows what was said before."""
    said = {k: v for k, v in given.items() if k in FIELDS and v is not None}
    if "local" in said:
        said["local"] = "local" if said["local"] else "national"
    return Form([(name, str(value)) for name, value in said.items()], frozenset(FIELDS))
