"""Files that are not what they say, hold something else inside, or are broken."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from docx.oxml import parse_xml
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from tests.samples import shapes, writers
from tests.samples.writers import Sheet

Build = Callable[[], bytes]
_LIST = Sheet((shapes.HEADER, (1, "涪陵区", "重庆演示一有限公司", "铸造", "B")), shapes.SIGNED)
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def bad() -> dict[str, Build]:
    made: dict[str, Build] = {}
    for ending, write in shapes.RULED.items():
        if ending != "html":
            made[f"cut_off.{ending}"] = partial(_cut_off, write)
            made[f"other_content.{ending}"] = lambda: writers.csv_file(_LIST)
    made["cut_off.zip"] = lambda: _parcel()[:-60]
    made["changed_inside.xlsx"] = lambda: _flipped(writers.xlsx(_LIST))
    made["changed_inside.pdf"] = _changed_pdf
    made["page_lost.pdf"] = lambda: writers.pdf(_LIST).replace(b"/Count 1", b"/Count 2")
    made["web_page.xls"] = lambda: writers.html(_LIST)
    made["workbook.docx"] = lambda: writers.xlsx(_LIST)
    made["xlsx_inside.xls"] = lambda: writers.xlsx(_LIST)
    made |= {f"picture.{ending}": lambda: b"x" for ending in ("jpg", "png")}
    made |= {"old.doc": lambda: b"x", "archive.rar": lambda: b"Rar!x", "format.ofd": lambda: b"PK"}
    made["macro.xlsx"] = lambda: writers.rezipped(writers.xlsx(_LIST), None, ("xl/vbaProject.bin", b"x"))
    made["macro.docx"] = lambda: writers.rezipped(writers.word(_LIST), None, ("word/vbaProject.bin", b"x"))
    made["embedded.docx"] = lambda: writers.rezipped(writers.word(_LIST), None, ("word/embeddings/a.xlsx", b"x"))
    made["other_text.docx"] = lambda: writers.rezipped(writers.word(_LIST), _with_other_text)
    made["linked.xlsx"] = lambda: writers.rezipped(writers.xlsx(_LIST), None, ("xl/externalLinks/a.xml", b"<a/>"))
    made["entity.docx"] = lambda: writers.rezipped(writers.word(_LIST), None, ("word/a.xml", b"<!DOCTYPE a>"))
    made["bomb.zip"] = lambda: writers.zipped(("list.csv", b" " * 60_000_000))
    made["archive_inside.zip"] = lambda: writers.zipped(("a.zip", _parcel()), ("list.csv", writers.csv_file(_LIST)))
    made["picture_inside.zip"] = lambda: writers.zipped(("公告.jpg", b"x"), ("list.csv", writers.csv_file(_LIST)))
    made["broken_inside.zip"] = lambda: writers.zipped(
        ("list.csv", writers.csv_file(_LIST)), ("b.xlsx", b"PK\x03\x04x")
    )
    made["nothing_inside.zip"] = lambda: writers.zipped(("__MACOSX/._x", b"x"))
    made["climbing.zip"] = lambda: writers.zipped(("../list.csv", writers.csv_file(_LIST)))
    made["tracked.docx"] = lambda: writers.word(_LIST, change=_track)
    made["hidden_text.docx"] = lambda: writers.word(_LIST, change=_hide)
    made["scan.pdf"] = lambda: _scan("")
    made["recognised_scan.pdf"] = lambda: _scan("recognised")
    made["password.pdf"] = _with_password
    made["text_beside_the_table.pdf"] = _beside
    return made


def _cut_off(write: Callable[[Sheet], bytes]) -> bytes:
    return write(_LIST)[:-700]


def _parcel() -> bytes:
    return writers.zipped(("list.csv", writers.csv_file(_LIST)))


def _flipped(data: bytes) -> bytes:
    at = data.index(b"xl/sharedStrings.xml") + 80
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@cache
def _changed_pdf() -> bytes:
    data = writers.pdf(_LIST)
    at = data.index(b"stream") + 60
    return data[:at] + (b"9" if data[at : at + 1] != b"9" else b"8") + data[at + 1 :]


def _with_other_text(name: str, part: bytes) -> bytes:
    link = b'<Relationship Id="rIdX" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/aFChunk" Target="a.htm"/>'
    return (
        part.replace(b"</Relationships>", link + b"</Relationships>")
        if name == "word/_rels/document.xml.rels"
        else part
    )


def _track(document: Any) -> None:
    change = f'<w:ins {_W} w:id="1" w:author="x"><w:r><w:t>A</w:t></w:r></w:ins>'
    document.tables[0].cell(1, 4).paragraphs[0]._p.append(parse_xml(change))


def _hide(document: Any) -> None:
    document.tables[0].cell(1, 4).paragraphs[0].add_run("-").font.hidden = True


def _scan(text: str) -> bytes:
    stream, picture = io.BytesIO(), io.BytesIO()
    Image.new("L", (60, 80), 200).save(picture, "PNG")
    canvas = Canvas(stream, pagesize=(595, 842), invariant=1)
    canvas.drawImage(ImageReader(io.BytesIO(picture.getvalue())), 0, 0, 595, 842)
    if text:
        canvas.drawString(100, 700, text)
    canvas.save()
    return stream.getvalue()


def _with_password() -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=1, encrypt=StandardEncryption("secret"))
    canvas.drawString(100, 700, "x")
    canvas.save()
    return stream.getvalue()


def _beside() -> bytes:
    """The last column of the table has no line at its right side."""
    stream = io.BytesIO()
    writers.paragraphs(())
    canvas = Canvas(stream, pagesize=(595, 842), invariant=1)
    canvas.setFont(writers._style().fontName, 10)
    for at, (name, grade) in enumerate((("企业名称", "绩效等级"), ("演示一有限公司", "B"), ("演示二有限公司", "A"))):
        top = 700 - 20 * at
        canvas.rect(100, top - 5, 150, 20)
        canvas.drawString(105, top, name)
        canvas.drawString(260, top, grade)
    canvas.save()
    return stream.getvalue()
