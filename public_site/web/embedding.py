"""The grade on other people's pages: a picture (badge) and a small page for a frame (card), and the lines to paste.

What this module knows that no other does: that these two alone may stand on any site, that neither has a script, a
cookie or a foreign address, that both say as of when, and that the badge brings its own ground, so that it reads on white
and on black.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from fastapi import Request
from fastapi.responses import Response

from public_site import grades, languages, records
from public_site.languages import _
from public_site.web import answers, marks, pages, translating, words
from public_site.web.doors import Site, Snapshot

CARD_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors *"
)
# As in site.css, where light: a picture knows nothing of its page's colours.
_TONES = {"ap": "#0a5234", "a": "#1a7446", "b": "#1d5fa6", "bm": "#1d5fa6", "c": "#8a5a06", "d": "#8f1f2d",
          "l": "#5a3d8a", "nl": "#5a3d8a"}  # fmt: skip
_HOLLOW = frozenset({"bm", "nl"})
_LINE = {languages.CHINESE: 176, languages.ENGLISH: 200}  # pixels
_WIDTH_OF_CARD, _HEIGHT_OF_CARD = 360, 240


@dataclass(frozen=True, slots=True)
class Snippets:
    """What one pastes into one's own page."""

    badge: str
    card: str


@dataclass(frozen=True, slots=True)
class Badge:
    """What the picture shows: a mark (None: no grade to show), the words beside it, all of it in one sentence."""

    mark: marks.Mark | None
    label: str
    tone: str
    is_hollow: bool
    said: str
    as_of: str
    sentence: str

    @property
    def start(self) -> int:
        """Where the words begin."""
        return 20 + (self.mark.width if self.mark else -8)

    @property
    def width(self) -> int:
        """In pixels: a Chinese sign is 15 wide, a Latin one at most 9; a line of the day 176, in English 200."""
        signs = sum(15 if languages.HAN.match(sign) else 9 for sign in self.said)
        return self.start + max(_LINE[languages.current()], signs) + 12


def answer(request: Request, snapshot: Snapshot, line: records.EnterpriseLine, *, picture: bool) -> Response:
    """The badge or the card of an enterprise, for any site to show."""
    site: Site = request.app.state.site
    day = pages.day_of(snapshot.published_at).isoformat() if snapshot.published_at else ""
    shown = _badge(line, day, demo=site.settings.demo)
    if picture:
        drawn = pages.templates(site).get_template("enterprises/badge.svg").render(badge=shown)
        return answers.public(request, snapshot, Response(drawn, media_type="image/svg+xml"))
    response = pages.page(
        request, snapshot, "enterprises/card.html", enterprise=line, badge=shown, verdict=words.verdict(line)
    )
    response.headers["Content-Security-Policy"] = CARD_POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def snippets(address: str, line: records.EnterpriseLine) -> Snippets:
    """The lines to paste; addresses are whole, and what the register says is escaped."""
    here = f"{address}{translating.prefix(languages.current())}/enterprises/{line.id}"
    name = escape(_("{name}的大气环境绩效等级", name=words.latin_name(line.name)))
    return Snippets(
        badge=f'<a href="{here}"><img src="{here}/badge.svg" alt="{name}" height="56"></a>',
        card=f'<iframe src="{here}/card" title="{name}" width="{_WIDTH_OF_CARD}" height="{_HEIGHT_OF_CARD}"'
        ' loading="lazy"></iframe>',
    )


def _badge(line: records.EnterpriseLine, day: str, *, demo: bool) -> Badge:
    label = line.overall_grade or ""
    mark = marks.MARKS.get(label)
    said = _(grades.grade(label).title) if label else words.without_overall(line)
    said = _("{said}（演示，虚构）", said=said) if demo else said
    as_of = _("截至 {day} 的公开登记", day=day) if day else _("公开登记")
    return Badge(
        mark=mark,
        label=label,
        tone=_TONES[mark.slug] if mark else "#555c64",
        is_hollow=mark is not None and mark.slug in _HOLLOW,
        said=said,
        as_of=as_of,
        sentence=_("{name}：大气环境绩效等级{said}，{as_of}", name=line.name, said=said, as_of=as_of),
    )
