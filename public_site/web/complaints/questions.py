"""What is asked of whoever complains: which questions each kind asks, how each answer is read, and what they add up to.

What this module knows that no other does: the fields of a complaint's form. Answers are read the same way when a question
is answered and when the whole is sent, because they travel in the form in between.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from public_site import ground, histories, places, records
from public_site.complaints import cases, categories, lodging
from public_site.complaints.lodging import Statement
from public_site.complaints.routing import Body
from public_site.faults import NotFound
from public_site.languages import _
from public_site.web import doors
from public_site.web.forms import Form
from public_site.web.parameters import LARGEST_NUMBER

KINDS = ("pollution", "objection")
ASKED = {"pollution": ("where", "when", "what", "whom", "contact"), "objection": ("which", "what", "contact")}
OF = {
    "where": ("where", "county", "point"),
    "when": ("when",),
    "which": ("notice",),
    "what": ("statement", "categories"),
    "whom": ("about",),
    "contact": ("name", "how", "to_body", "public"),
}
CARRIED = ("kind", "enterprise", *(field for fields in OF.values() for field in fields))
FIELDS = frozenset({*CARRIED, "ticket", "asked", "again", "checking", "work"})
SHORTEST = 10
_MOST_NOTICES = 8


def kind(form: Form) -> str:
    """What the form is: a pollution report where it does not say."""
    return form.choice("kind", KINDS) or "pollution"


def read(site: doors.Site, form: Form, name: str) -> None:
    """Read the answer to a question; what is wrong with it is a problem of the form."""
    _READERS[name](site, form)


def following(site: doors.Site, form: Form, answered: str) -> str | None:
    """The question after `answered`, but for what need not be asked here; None when all are answered."""
    asked = ASKED[kind(form)]
    for name in asked[asked.index(answered) + 1 :]:
        if name != "whom" or told_before(site, form, enterprise(site, form)):
            return name
    return None


def first_wrong(site: doors.Site, form: Form) -> str | None:
    """The first question whose answer cannot be taken; its problems are the form's."""
    for name in ASKED[kind(form)]:
        read(site, form, name)
        if form.problems:
            return name
    return None


def statement(site: doors.Site, form: Form) -> Statement:
    """What a form without problems says."""
    its_kind, of, about = kind(form), enterprise(site, form), form.text("about")
    noticed = notice(site, form) if its_kind == "objection" else None
    how = form.text("how", longest=120)
    contact = {"name": form.text("name", longest=60) or "", "how": how, "to_body": form.flag("to_body"),
               "public": form.flag("public")}  # fmt: skip
    return Statement(
        kind=its_kind,
        place=place(form, of),
        zone=zone(form, of),
        where=_where_in_words(form, of),
        when=form.text("when", longest=200) or "",
        said=form.passage("statement", longest=cases.LONGEST),
        categories=form.texts("categories"),
        enterprise=of.id if of else None,
        enterprise_name=of.name if of else "",
        notice=noticed.line.id if noticed else None,
        notice_title=noticed.line.title if noticed else "",
        issuer=noticed.line.division.code if noticed and noticed.line.division else None,
        about_body=about if about in told_before(site, form, of) else None,
        contact=contact if how else None,
    )


def place(form: Form, of: records.EnterpriseLine | None) -> str:
    """The division code as far as it is known: the enterprise's on record, or what was written."""
    division = of and (of.county or of.city or of.province)
    if division:
        return division.code
    found = places.find(form.said("county")) if form.said("county") else ()
    return (found[0].code or "") if found else ""


def zone(form: Form, of: records.EnterpriseLine | None) -> str:
    """The zone without a code that the place lies in, where one is known: on record, or written."""
    if of is not None:
        return of.zone or ""
    found = places.find(form.said("county")) if form.said("county") else ()
    return (found[0].zone or "") if found else ""


def enterprise(site: doors.Site, form: Form) -> records.EnterpriseLine | None:
    """The enterprise that a form is about, where there is one."""
    number = form.whole("enterprise", 1, LARGEST_NUMBER)
    if number is None:
        return None
    with site.database.reading() as connection:
        return next(iter(records.lines(connection, [number])), None)


def notice(site: doors.Site, form: Form) -> records.NoticeView | None:
    """The notice that a form objects to, by its number or its address on this site."""
    found = re.search(r"(\d{1,9})/?$", form.said("notice").strip(), re.ASCII)
    if found is None:
        return None
    with site.database.reading() as connection:
        try:
            return records.notice(connection, int(found[1]))
        except NotFound:
            return None


def notices_of(site: doors.Site, of: records.EnterpriseLine | None) -> list[histories.Citation]:
    """The latest notices about an enterprise, to choose from."""
    if of is None:
        return []
    with site.database.reading() as connection:
        try:
            history = records.enterprise(connection, of.id).history
        except NotFound:
            return []
    cited = {event.notice.id: event.notice for event in history if event.notice and not event.notice.withdrawn}
    return list(cited.values())[:_MOST_NOTICES]


def told_before(site: doors.Site, form: Form, of: records.EnterpriseLine | None) -> Mapping[str, Body]:
    """The authorities of the place, that one may have told in vain."""
    return lodging.authorities(site.complaints, kind(form), place(form, of), zone(form, of))


def point(form: Form) -> tuple[float, float] | None:
    """Latitude and longitude, where the form came from the map."""
    found = form.numbers("point", 2, "29.70,107.39") if form.said("point") else None
    return (found[0], found[1]) if found and abs(found[0]) <= 90 and abs(found[1]) <= 180 else None


def county_of_point(form: Form) -> str:
    """The county that a point lies in, as one writes it; empty where that is not known."""
    at = point(form)
    code = ground.county_at(*at) if at else None
    return places.place(code).text if code else ""


def _where_in_words(form: Form, of: records.EnterpriseLine | None) -> str:
    said = form.text("where", longest=300) or (of.name if of else "")
    if of is None:
        said = zone(form, of) + said  # the division alone does not tell it
    at = point(form)
    return f"{said}（纬度 {at[0]:g}，经度 {at[1]:g}）" if at else said


def _where(site: doors.Site, form: Form) -> None:
    form.text("where", longest=300)
    if enterprise(site, form) is not None:
        return
    if point(form) is None:
        form.needed("where", _("请写明地点：路名、门牌、方位，或企业名称"), longest=300)
    typed = form.needed("county", _("请写明在哪个区县"), longest=40)
    if typed and not form.problem("county"):
        found = {place.code: place for place in places.find(typed) if place.code}
        if not found:
            form.refuse("county", _("没有找到这个地方，请写区县的全名，例如 重庆市涪陵区"))
        elif len(found) > 1:
            named = _("、").join(places.place(code).text for code in list(found)[:6] if code)
            form.refuse("county", _("有几处同名，请写全：{places}", places=named))


def _when(_site: doors.Site, form: Form) -> None:
    form.needed("when", _("请写明什么时候看到或闻到的；经常发生的，写大概的规律"), longest=200)


def _which(site: doors.Site, form: Form) -> None:
    if notice(site, form) is None:
        form.refuse("notice", _("请选择公告，或写明公告页面的网址（最后的数字就是编号）"))


def _what(_site: doors.Site, form: Form) -> None:
    said = form.passage("statement", longest=cases.LONGEST)
    if len(said) < SHORTEST and not form.problem("statement"):
        form.refuse("statement", _("请写得具体一些，至少 {least} 个字：看到了什么、从哪里来", least=SHORTEST))
    if kind(form) == "objection":
        return
    chosen = form.texts("categories")
    if not chosen or set(chosen) - set(categories.table()):
        form.refuse("categories", _("请至少选一项"))


def _whom(site: doors.Site, form: Form) -> None:
    about = form.text("about")
    if about and about not in told_before(site, form, enterprise(site, form)):
        form.refuse("about", _("请从列出的机关中选择，或选“没有”"))


def _contact(_site: doors.Site, form: Form) -> None:
    name, how = form.text("name", longest=60), form.text("how", longest=120)
    form.flag("to_body")
    form.flag("public")
    if name and not how:
        form.refuse("how", _("写了姓名，也请写怎么联系；或者两项都不写"))


_READERS = {"where": _where, "when": _when, "which": _which, "what": _what, "whom": _whom, "contact": _contact}
