"""The same pages as most would write them: FastAPI, SQLModel, Jinja templates; the rival of `make bench-web` among its kin.

Fairly written: an engine with pooled connections, an index behind every filter, relations loaded with their parents and
not one by one, templates compiled once, FTS5 for names. It answers with objects of the ORM and lets `response_model` write
the JSON. Nothing is cached, and nothing of our application is used.
"""

import csv
import io
import os
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from jinja2 import DictLoader, Environment
from sqlalchemy import func, text
from sqlalchemy.orm import selectinload
from sqlmodel import Field, Relationship, Session, SQLModel, col, create_engine, select

from benchmarks.web_servers import FILE

FACETS = ("province", "industry", "grade")


class GradeBase(SQLModel):
    """What is told of a unit's grade."""

    id: int | None = Field(default=None, primary_key=True)
    industry: str | None
    grade: str | None
    since: str | None
    scheme: str | None
    notice_id: int | None


class Grade(GradeBase, table=True):
    __tablename__ = "grades"

    enterprise_id: int = Field(foreign_key="enterprises.id")
    enterprise: "Enterprise" = Relationship(back_populates="grades")


class EnterpriseBase(SQLModel):
    """What is told of an enterprise."""

    id: int | None = Field(default=None, primary_key=True)
    name: str
    former_names: str
    credit_code: str | None
    province: str | None
    city: str | None
    county: str | None
    lat: float | None
    lon: float | None
    industry: str | None
    grade: str | None
    overall_grade: str | None
    excellence: int
    since: str | None


class Enterprise(EnterpriseBase, table=True):
    __tablename__ = "enterprises"

    grades: list[Grade] = Relationship(back_populates="enterprise")


class EnterpriseOut(EnterpriseBase):
    """An enterprise with its units."""

    grades: list[GradeBase]


class Page(SQLModel):
    """A page of the list."""

    total: int
    items: list[EnterpriseOut]
    facets: dict[str, dict[str, int]]


_BASE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{% block title %}{% endblock %}</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/static/site.css"></head><body>
<header><nav><ul>{% for path, name in menu %}<li><a href="{{ path }}">{{ name }}</a></li>{% endfor %}</ul></nav></header>
<main>{% block main %}{% endblock %}</main><footer><p>数据按登记原样显示。</p></footer></body></html>"""
_ONE = """{% extends "base.html" %}{% block title %}{{ enterprise.name }}{% endblock %}{% block main %}
<h1>{{ enterprise.name }}</h1><p>{{ enterprise.province }} {{ enterprise.city }} {{ enterprise.county }}
{% if enterprise.credit_code %}· {{ enterprise.credit_code }}{% else %}· 公告未载明统一社会信用代码{% endif %}</p>
<p>总体等级：<strong>{{ enterprise.overall_grade }}</strong>，自 {{ enterprise.since }} 起</p>
<table><thead><tr><th>等级</th><th>行业</th><th>评级方案</th><th>自何日起</th><th>依据</th></tr></thead><tbody>
{% for unit in enterprise.grades %}<tr><td>{{ unit.grade }}</td><td>{{ unit.industry }}</td><td>{{ unit.scheme }}</td>
<td>{{ unit.since }}</td><td><a href="/notices/{{ unit.notice_id }}">公告</a></td></tr>{% endfor %}</tbody></table>
{% endblock %}"""
_LIST = """{% extends "base.html" %}{% block title %}企业等级查询{% endblock %}{% block main %}<h1>企业等级查询</h1>
<form><input name="q" value="{{ q }}"><button>查询</button></form><h2>共 {{ page.total }} 家企业</h2><ul>
{% for enterprise in page.items %}<li><a href="/enterprises/{{ enterprise.id }}">{{ enterprise.name }}</a>
{{ enterprise.province }} {{ enterprise.county }} {{ enterprise.since }}
{% for unit in enterprise.grades %}<span class="grade">{{ unit.grade }}</span> {{ unit.industry }}{% endfor %}</li>
{% endfor %}</ul>{% for name, counts in page.facets.items() %}<h3>{{ name }}</h3><ul>{% for value, count in counts.items() %}
<li><a href="/enterprises?{{ name }}={{ value|urlencode }}">{{ value }}</a> {{ count }}</li>{% endfor %}</ul>{% endfor %}
{% endblock %}"""
_MENU = (("/", "首页"), ("/enterprises", "企业"), ("/notices", "公告"), ("/map", "地图"), ("/data", "数据"))

templates = Environment(loader=DictLoader({"base.html": _BASE, "one.html": _ONE, "list.html": _LIST}), autoescape=True)
templates.globals["menu"] = _MENU
engine = create_engine(f"sqlite:///{os.environ.get(FILE, ':memory:')}", connect_args={"check_same_thread": False})
app = FastAPI()
app.add_middleware(GZipMiddleware)


def session() -> Iterator[Session]:
    """A session for the length of a request."""
    with Session(engine) as opened:
        yield opened


Opened = Annotated[Session, Depends(session)]


def _page(opened: Session, wanted: dict[str, str], q: str, limit: int) -> Page:
    """A page of the list with its total and its facets."""
    chosen: list[Any] = [getattr(Enterprise, name) == value for name, value in wanted.items() if value]
    if 0 < len(q) < 3:  # no trigram finds it
        chosen.append(col(Enterprise.name).contains(q, autoescape=True))
    elif q:
        found = text("enterprises.id IN (SELECT rowid FROM enterprises_fts WHERE enterprises_fts MATCH :q)")
        chosen.append(found.bindparams(q=f'"{q.replace(chr(34), chr(34) * 2)}"'))
    total = opened.exec(select(func.count()).select_from(Enterprise).where(*chosen)).one()
    query = select(Enterprise).where(*chosen).options(selectinload(Enterprise.grades))  # type: ignore[arg-type]
    rows = opened.exec(query.order_by(col(Enterprise.id)).limit(limit)).all()
    facets = {}
    for name in FACETS:
        column = getattr(Enterprise, name)
        counted = opened.exec(select(column, func.count()).where(*chosen).group_by(column)).all()
        facets[name] = dict(sorted(counted, key=lambda one: -one[1]))
    return Page(total=total, items=[EnterpriseOut.model_validate(row) for row in rows], facets=facets)


@app.get("/enterprises", response_class=HTMLResponse)
def page(opened: Opened, q: str = "", province: str = "", industry: str = "", grade: str = "", county: str = "") -> str:
    """The list as a page."""
    wanted = {"province": province, "industry": industry, "grade": grade, "county": county}
    return templates.get_template("list.html").render(page=_page(opened, wanted, q, 20), q=q)


@app.get("/api/enterprises", response_model=Page)
def api(opened: Opened, q: str = "", province: str = "", industry: str = "", grade: str = "", limit: int = 50) -> Page:
    """The list as JSON."""
    return _page(opened, {"province": province, "industry": industry, "grade": grade}, q, limit)


@app.get("/enterprises.csv")
def as_csv(opened: Opened, province: str = "", county: str = "") -> Response:
    """The list as CSV."""
    wanted = {"province": province, "county": county}
    query = select(Enterprise).where(*(getattr(Enterprise, n) == v for n, v in wanted.items() if v))

    def lines() -> Iterator[str]:
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        names = list(EnterpriseBase.model_fields)
        writer.writerow(names)
        for row in opened.exec(query.order_by(col(Enterprise.id))):
            writer.writerow([getattr(row, name) for name in names])
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()

    return StreamingResponse(lines(), media_type="text/csv")


@app.get("/enterprises/{enterprise_id}", response_class=HTMLResponse)
def one(enterprise_id: int, opened: Opened) -> str:
    """One enterprise as a page."""
    query = select(Enterprise).where(Enterprise.id == enterprise_id)
    found = opened.exec(query.options(selectinload(Enterprise.grades))).first()  # type: ignore[arg-type]
    if found is None:
        raise HTTPException(404)
    return templates.get_template("one.html").render(enterprise=found)
