"""What pages tell search engines about their subject: schema.org JSON-LD, made from the register's read models.

What this module knows that no other does: an enterprise is an `Organization`, what a unit holds a `Certification` by the
authority of the notice, and a notice a `Report` with its original file. Only decided grades that still count are told; an
address is complete where the site's public address is known, else it is relative to the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from public_site import grades, histories, languages, records
from public_site.languages import _
from public_site.web import translating, words

_CONTEXT = "https://schema.org"
Told = dict[str, Any]


def enterprise(line: records.EnterpriseLine, citations: Mapping[int, histories.Citation], address: str) -> Told:
    """An enterprise with the grades that its units hold."""
    url = f"{_root(address)}/enterprises/{line.id}"
    held = [unit for unit in line.units if unit.stage == "decided" and unit.grade and unit.listed]
    return _without_gaps(
        {
            "@context": _CONTEXT,
            "@type": "Organization",
            "@id": f"{url}#enterprise",
            "url": url,
            "name": line.name,
            "alternateName": list(line.former_names),
            "identifier": line.credit_code
            and {"@type": "PropertyValue", "propertyID": _("统一社会信用代码"), "value": line.credit_code},
            "address": _address(line),
            "location": _location(line),
            "hasCertification": [_certification(unit, citations, address) for unit in held],
        }
    )


def notice(view: records.NoticeView, address: str) -> Told:
    """A notice with its original file."""
    line = view.line
    url = f"{_root(address)}/notices/{line.id}"
    return _without_gaps(
        {
            "@context": _CONTEXT,
            "@type": "Report",
            "@id": f"{url}#notice",
            "url": url,
            "name": line.title,
            "inLanguage": "zh-CN",
            "reportNumber": line.number,
            "datePublished": line.issued_on,
            "creativeWorkStatus": "Withdrawn"
            if line.withdrawn
            else "Draft"
            if line.stage == "proposed"
            else "Published",
            "author": {"@type": "GovernmentOrganization", "name": line.issuer},
            "isBasedOn": view.url,
            "encoding": {
                "@type": "MediaObject",
                "name": view.file_name,
                "contentUrl": f"{url}/original",
                "encodingFormat": view.media_type,
                "contentSize": str(view.size),
                "sha256": view.sha256,
            },
        }
    )


def _address(line: records.EnterpriseLine) -> Told | None:
    region = line.province and line.province.name
    names = [division.name for division in (line.city, line.county) if division and division.name != region]
    if region is None:
        return None
    told = {"@type": "PostalAddress", "addressCountry": "CN", "addressRegion": region}
    return told | ({"addressLocality": "".join(names)} if names else {})


def _location(line: records.EnterpriseLine) -> Told | None:
    if line.lat is None or line.lon is None:
        return None
    return {"@type": "Place", "geo": {"@type": "GeoCoordinates", "latitude": line.lat, "longitude": line.lon}}


def _certification(unit: records.UnitLine, citations: Mapping[int, histories.Citation], address: str) -> Told:
    said_by = citations.get(unit.notice_id or 0)
    name = _("大气环境绩效等级")
    if unit.industry or unit.line:
        line = _("（{line}）", line=unit.line) if unit.line else ""
        name = _("大气环境绩效等级：{what}", what=(words.industry(unit.industry, "/") if unit.industry else "") + line)
    return _without_gaps(
        {
            "@type": "Certification",
            "name": name,
            "certificationRating": {"@type": "Rating", "ratingValue": unit.grade},
            "description": unit.scheme and _(grades.scheme(unit.scheme).title),
            "issuedBy": said_by and {"@type": "GovernmentOrganization", "name": said_by.issuer},
            "validFrom": unit.since,
            "subjectOf": unit.notice_id and f"{_root(address)}/notices/{unit.notice_id}",
        }
    )


def _root(address: str) -> str:
    return address + translating.prefix(languages.current())


def _without_gaps(told: Told) -> Told:
    return {name: value for name, value in told.items() if value not in (None, [], "")}
