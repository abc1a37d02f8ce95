"""`/open311/v2`: the standard's own examples, what a partner may see, and that nobody else sees anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from lxml import etree
from sqlalchemy import text

from public_site.complaints import following, handling, partners
from tests.complaints.inbox import TODAY, Inbox, opened
from tests.web.conftest import Visitor

DESCRIPTION = "CANARY A large sinkhole is destroying the street"
# The request that the standard prints, with a service of ours and a place in our country.
EXAMPLE = (
    "api_key={key}&jurisdiction_id=city.gov&service_code=dust&lat=29.70&long=107.39&address_string=1234+5th+street"
    "&email=smit333%40sfgov.edu&device_id=tt222111&account_id=123456&first_name=john&last_name=smith&phone=111111111"
    "&description=CANARY+A+large+sinkhole+is+destroying+the+street"
    "&media_url=http%3A%2F%2Ffarm3.static.flickr.com%2F2002%2F2212426634_5ed477a060.jpg"
    "&attribute[when]=yesterday&attribute[categories][]=odour&attribute[categories][]=noise"
)
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
# The elements of the standard's example of each answer, in their order.
FIELDS = {
    "service": "service_code service_name description metadata type keywords group",
    "attribute": "variable code datatype required datatype_description order description values",
    "request": "service_request_id status status_notes service_name service_code description agency_responsible service_notice"
    " requested_datetime updated_datetime expected_datetime address address_id zipcode lat long media_url",
    "error": "code description",
}


@pytest.fixture
def inbox(tmp_path: Path, make_publisher: Any) -> Iterator[Inbox]:
    publisher = make_publisher(tmp_path / "data")
    publisher.index()
    found = opened(publisher.settings, tmp_path / "offline")
    yield found
    found.store.close()


@pytest.fixture
def partner(inbox: Inbox, visitor_of: Any) -> Visitor:
    found: Visitor = visitor_of(inbox.store.settings)
    return found


def both(visitor: Visitor, url: str, status: int = 200, *, key: str = "") -> tuple[Any, Any]:
    """The answer as XML and as JSON, which say the same."""
    name, mark, rest = url.partition("?")
    headers = {"X-Api-Key": key} if key else {}
    xml = visitor.client.get(f"/open311/v2/{name}.xml{mark}{rest}", headers=headers)
    told = visitor.client.get(f"/open311/v2/{name}.json{mark}{rest}", headers=headers)
    assert (xml.status_code, told.status_code) == (status, status), xml.text
    assert xml.headers["content-type"] == "text/xml; charset=utf-8"
    assert told.headers["content-type"] == "application/json; charset=utf-8"
    assert xml.text.startswith('<?xml version="1.0" encoding="utf-8"?>')
    assert xml.headers["cache-control"] == "private, no-store"
    tree = etree.fromstring(xml.content)
    assert len(tree) == len(told.json())
    return tree, told.json()


def post(visitor: Visitor, key: str, body: str = EXAMPLE, ending: str = "json", **headers: str) -> httpx2.Response:
    return visitor.client.post(f"/open311/v2/requests.{ending}", content=body.format(key=key), headers=FORM | headers)


def lodged(visitor: Visitor, key: str, **headers: str) -> tuple[str, str]:
    """The id and the notice."""
    answer = post(visitor, key, **headers)
    assert answer.status_code == 200, answer.text
    (told,) = answer.json()
    assert list(told) == ["service_request_id", "service_notice", "account_id"]
    return told["service_request_id"], told["service_notice"]


def code_in(notice: str) -> str:
    return notice.partition("查询码：")[2].partition("，")[0]


def test_what_can_be_reported_reads_as_in_the_standard(partner: Visitor) -> None:
    tree, told = both(partner, "services?jurisdiction_id=city.gov")
    assert tree.tag == "services"
    assert [child.tag for child in tree[0]] == FIELDS["service"].split() == list(told[0])
    assert tree[0].findtext("metadata") == "true"
    assert tree[0].findtext("type") == "realtime"
    code = told[0]["service_code"]
    definition, told = both(partner, f"services/{code}?jurisdiction_id=city.gov")
    assert definition.tag == "service_definition"
    assert definition.findtext("service_code") == told["service_code"] == code
    attributes = definition.findall("attributes/attribute")
    assert [child.tag for child in attributes[0]] == FIELDS["attribute"].split() == list(told["attributes"][0])
    assert attributes[1].findtext("datatype") == "multivaluelist"
    assert [child.tag for child in attributes[1].find("values/value")] == ["key", "name"]
    discovery, told = both(partner, "discovery")
    assert discovery.tag == "discovery"
    assert [child.tag for child in discovery] == ["changeset", "contact", "key_service", "endpoints"] == list(told)
    endpoint = discovery.find("endpoints/endpoint")
    assert [child.tag for child in endpoint] == ["specification", "url", "changeset", "type", "formats"]
    assert [one.text for one in endpoint.findall("formats/format")] == ["text/xml", "application/json"]


def test_the_example_request_is_a_sealed_complaint_that_its_informant_follows(partner: Visitor, inbox: Inbox) -> None:
    key = partners.admit(inbox.store, "热线", on=TODAY)
    reference, notice = lodged(partner, key)
    assert "前告知是否受理" in notice
    seen = following.follow(inbox.store, code_in(notice), on=TODAY)
    assert seen.body == "演示涪陵区生态环境局"
    assert seen.case.reference == reference
    assert seen.case.categories.split() == ["dust", "odour", "noise"]
    assert DESCRIPTION in seen.statement["said"]
    assert "没有核对" in seen.statement["said"]
    assert "1234 5th street（纬度 29.7，经度 107.39）" in seen.statement["where"]
    assert seen.statement["when"] == "yesterday"
    assert seen.contact == {
        "name": "smithjohn",
        "how": "111111111；smit333@sfgov.edu",
        "to_body": False,
        "public": False,
    }
    assert "tt222111" not in json.dumps([seen.statement, seen.contact])
    xml = etree.fromstring(post(partner, key, ending="xml").content)
    assert xml.tag == "service_requests"
    assert [child.tag for child in xml[0]] == ["service_request_id", "service_notice", "account_id"]


def test_the_partner_sees_where_its_own_stand_and_never_a_word(partner: Visitor, inbox: Inbox) -> None:
    key, other = (partners.admit(inbox.store, name, on=TODAY) for name in ("热线", "另一个"))
    reference, notice = lodged(partner, key)
    inbox.lodge()  # by somebody on the page
    tree, told = both(partner, "requests?status=open&jurisdiction_id=city.gov", key=key)
    assert tree.tag == "service_requests"
    (one,) = told
    assert [child.tag for child in tree[0]] == FIELDS["request"].split() == list(one)
    assert (one["service_request_id"], one["status"], one["agency_responsible"]) == (
        reference,
        "open",
        "演示涪陵区生态环境局",
    )
    assert one["expected_datetime"].endswith("T23:59:59+08:00")
    assert (one["description"], one["lat"], one["media_url"]) == (None, None, None)
    said = json.dumps([told, both(partner, f"requests/{reference}", key=key)[1]], ensure_ascii=False)
    for secret in ("CANARY", "sinkhole", "smith", "111111111", "5th street", "29.7", code_in(notice)):
        assert secret not in said
    assert both(partner, f"requests?api_key={other}")[1] == []
    both(partner, f"requests/{reference}?api_key={other}", 404)
    both(partner, f"requests/{reference}", 404)
    assert both(partner, "requests")[1] == []
    following.erase(inbox.store, code_in(notice), on=TODAY)
    assert both(partner, f"requests?api_key={key}")[1] == []


def test_requests_are_filtered_as_the_standard_says(partner: Visitor, inbox: Inbox) -> None:
    key = partners.admit(inbox.store, "热线", on=TODAY)
    first, second = (lodged(partner, key)[0] for _ in range(2))
    desk = inbox.desk("fuling")
    number = handling.queue(inbox.store, desk, "waiting", on=TODAY)[0].id
    handling.act(inbox.store, desk, number, "refuse", "缺少时间", code="unclear", on=TODAY)

    def ids(query: str) -> set[str]:
        return {one["service_request_id"] for one in both(partner, f"requests?{query}", key=key)[1]}

    assert ids("") == {first, second} == ids("status=open,closed")
    assert ids("status=closed") | ids("status=open") == {first, second}
    assert len(ids("status=closed")) == 1
    assert ids(f"service_request_id={first},{second}&status=closed") == {first, second}
    assert ids("service_code=dust") == {first, second}
    assert ids("service_code=odour,noise") == set()
    assert ids("start_date=2010-05-24T00:00:00Z&end_date=2010-06-24T00:00:00Z") == set()
    assert "线索不详" in both(partner, "requests?status=closed", key=key)[1][0]["status_notes"]


def test_what_is_wrong_is_told_in_the_standards_form(partner: Visitor, inbox: Inbox) -> None:
    key = partners.admit(inbox.store, "热线", on=TODAY)

    def refused(status: int, answer: httpx2.Response) -> None:
        assert answer.status_code == status, answer.text
        (error,) = answer.json()
        assert list(error) == FIELDS["error"].split()
        assert error["description"]
        assert "CANARY" not in answer.text

    tree, _ = both(partner, "services/001", 404)
    assert tree.tag == "errors"
    assert [child.tag for child in tree[0]] == FIELDS["error"].split()
    for url, status in (
        ("requests?start_date=2010-01-01T00:00:00Z&end_date=2010-06-24T00:00:00Z", 400),
        ("requests?start_date=yesterday", 400), ("requests?status=lost", 400), ("requests?service_code=001", 404),
        ("requests?unknown=1", 400), ("tokens/123456", 404), ("nothing", 404), ("requests?api_key=wrong", 403),
    ):  # fmt: skip
        both(partner, url, status)
    refused(403, post(partner, ""))
    refused(403, post(partner, "wrong"))
    for left_out, status in (
        ("service_code=dust&", 400), ("&description=CANARY+A+large+sinkhole+is+destroying+the+street", 400),
        ("lat=29.70&", 400), ("lat=29.70&long=107.39&address_string=1234+5th+street&", 400),
    ):  # fmt: skip
        refused(status, post(partner, key, EXAMPLE.replace(left_out, "")))
    refused(404, post(partner, key, EXAMPLE.replace("=dust", "=001")))
    refused(404, post(partner, key, EXAMPLE.replace("=noise", "=001")))
    refused(400, post(partner, key, EXAMPLE + "&CANARY=1"))
    refused(400, post(partner, key, EXAMPLE.replace("yesterday", "CANARY" * 60)))
    refused(400, post(partner, key, EXAMPLE + "x" * 70_000))
    refused(400, partner.client.post("/open311/v2/requests.json", json={"api_key": key}))
    refused(400, partner.client.delete("/open311/v2/requests.json"))
    attached = partner.client.post("/open311/v2/requests.json", data={"api_key": key}, files={"media": ("p.jpg", b"x")})
    refused(400, attached)
    assert "media_url" in attached.json()[0]["description"]
    with inbox.store.looking() as connection:
        assert connection.execute(text("SELECT count(*) FROM complaint")).scalar() == 0


def test_keys_are_kept_as_hashes_end_and_are_used_up_slowly(partner: Visitor, inbox: Inbox) -> None:
    key = partners.admit(inbox.store, "热线", on=TODAY)
    with inbox.store.looking() as connection:
        assert key not in str(connection.execute(text("SELECT * FROM partner")).all())
    again = partners.admit(inbox.store, "热线", on=TODAY)
    assert post(partner, key).status_code == 403
    assert post(partner, again).status_code == 200
    partners.end(inbox.store, "热线")
    assert post(partner, again).status_code == 403
    with pytest.raises(partners.NoSuchPartner):
        partners.end(inbox.store, "热线")


def test_the_same_request_with_its_key_again_is_the_same_complaint(partner: Visitor, inbox: Inbox) -> None:
    key = partners.admit(inbox.store, "热线", on=TODAY)
    assert lodged(partner, key, **{"Idempotency-Key": "a"}) == lodged(partner, key, **{"Idempotency-Key": "a"})
    assert lodged(partner, key, **{"Idempotency-Key": "b"}) != lodged(partner, key, **{"Idempotency-Key": "a"})


def test_a_place_in_words_or_nowhere_known_finds_a_desk(partner: Visitor, inbox: Inbox) -> None:
    key = partners.admit(inbox.store, "热线", on=TODAY)
    for address, body in (("重庆市涪陵区演示路五号", "演示涪陵区生态环境局"), ("某处", "演示值班席")):
        body_sent = EXAMPLE.replace(
            "lat=29.70&long=107.39&address_string=1234+5th+street", f"address_string={quote(address)}"
        )
        answer = partner.client.post("/open311/v2/requests.json", content=body_sent.format(key=key), headers=FORM)
        assert body in answer.json()[0]["service_notice"]
