"""Uploads that mean harm or are nonsense, by name: each must become a plain picture or a sentence, soon and in little memory."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterable

from PIL import Image

from tests.complaints.test_photos import MARK, exif, picture, png_that_says

_CHANCE = random.Random(11)
_SCRIPT = b"<script>alert('" + MARK + b"')</script>"


def uploads() -> dict[str, bytes]:
    """Every hostile upload: what it is → its bytes."""
    return _foreign() | _jpeg() | _png() | _webp() | _heic() | _damaged()


def _foreign() -> dict[str, bytes]:
    """Files that are no photo at all, whatever their name says."""
    starts = {
        "gif": b"GIF89a" + b"\0" * 40, "bmp": b"BM" + b"\0" * 60, "tiff": b"II*\0" + b"\0" * 60, "big tiff": b"MM\0+" + b"\0" * 60,
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "html": b"<!doctype html>" + _SCRIPT,
        "php": b"<?php system($_GET[0]); ?>", "xml entity": b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
        "pdf": b"%PDF-1.7\n" + MARK, "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file", "exe": b"MZ" + b"\0" * 90,
        "elf": b"\x7fELF" + b"\0" * 90, "shell": b"#!/bin/sh\nid\n", "rar": b"Rar!\x1a\x07\0", "7z": b"7z\xbc\xaf\x27\x1c",
        "gzip": b"\x1f\x8b\x08" + b"\0" * 50, "psd": b"8BPS\0\1" + b"\0" * 50, "ico": b"\0\0\1\0\1\0" + b"\0" * 40,
        "jpeg 2000": b"\0\0\0\x0cjP  \r\n\x87\n", "jpeg xl": b"\xff\x0a" + b"\0" * 50, "mp4": b"\0\0\0\x20ftypisom" + b"\0" * 40,
        "avif": b"\0\0\0\x20ftypavif" + b"\0" * 40, "quicktime": b"\0\0\0\x14ftypqt  " + b"\0" * 40, "wave": b"RIFF\x24\0\0\0WAVE",
        "empty": b"", "one byte": b"\xff", "three bytes": b"\xff\xd8\xff", "zeros": b"\0" * 5000, "noise": _CHANCE.randbytes(5000),
        "dicom": b"\0" * 128 + b"DICM", "pcx": b"\n\5\1\x08" + b"\0" * 60, "sgi": b"\1\xda" + b"\0" * 60, "fits": b"SIMPLE  =" + b" " * 70,
        "too large": b"\xff\xd8\xff" + b"\0" * (8 << 20),
    }  # fmt: skip
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../photo.jpg", b"0" * 1_000_000)
    return {f"foreign: {name}": data for name, data in starts.items()} | {"foreign: zip": packed.getvalue()}


def _segment(mark: int, data: bytes, length: int | None = None) -> bytes:
    return bytes((0xFF, mark)) + struct.pack(">H", len(data) + 2 if length is None else length) + data


def _frame(width: int, height: int, mark: int = 0xC0, precision: int = 8, parts: int = 3) -> bytes:
    told = b"".join(bytes((n + 1, 0x11, 0)) for n in range(parts))
    return _segment(mark, struct.pack(">BHHB", precision, height, width, parts) + told)


def _jpeg() -> dict[str, bytes]:
    whole, start, end = picture("JPEG", exif=exif(), comment=MARK), b"\xff\xd8", b"\xff\xd9"
    body = whole[2:]
    app0 = _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    loop = b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 0x8769, 4, 1, 8) + b"\x08\0\0\0"
    scans = b"".join(_segment(0xDA, b"\1\1\0\0\x3f\0") + b"\0" * 4 for _ in range(2000))
    told = {
        "magic before a script": b"\xff\xd8\xff\xe0" + _SCRIPT, "magic before php": b"\xff\xd8\xff<?php ?>",
        "begin and end": start + end, "a length of nothing": start + _segment(0xE0, b"", 0) + end,
        "a length of one": start + _segment(0xE0, b"", 1) + body, "a length beyond the end": start + _segment(0xE1, b"Exif\0\0", 65535),
        "no size": start + app0 + _frame(0, 0) + end, "65535 by 65535": start + app0 + _frame(65535, 65535) + end,
        "40 million and more": start + app0 + _frame(8000, 6000) + body, "size twice": start + app0 + _frame(9, 9) + body,
        "twelve bits": start + app0 + _frame(64, 48, precision=12) + end, "arithmetic": start + app0 + _frame(64, 48, 0xC9) + end,
        "hierarchical": start + app0 + _frame(64, 48, 0xC5) + end, "lossless": start + app0 + _frame(64, 48, 0xC3) + end,
        "200 components": start + app0 + _segment(0xC0, struct.pack(">BHHB", 8, 48, 64, 200)) + end,
        "2,000 scans": start + app0 + _frame(16000, 2000, 0xC2) + scans + end,
        "10,000 comments": start + _segment(0xFE, MARK) * 10_000 + body, "a profile of megabytes": start + _segment(0xE2, b"ICC_PROFILE\0\1\1" + b"\0" * 60_000) * 40 + body,
        "exif in a circle": start + _segment(0xE1, loop) + body, "exif of noise": start + _segment(0xE1, b"Exif\0\0" + _CHANCE.randbytes(9000)) + body,
        "a photo in a photo": whole[:-2] + whole, "a web page after it": whole + _SCRIPT, "an archive after it": whole + b"PK\x03\x04" + MARK,
        "a script as comment": start + _segment(0xFE, _SCRIPT) + body, "xmp of entities": start + _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<!DOCTYPE a [<!ENTITY b 'c'>]>" + MARK) + body,
        "a thumbnail that is a bomb": start + _segment(0xE1, b"Exif\0\0" + png_that_says(60_000, 60_000)[:60_000]) + body,
        "photoshop's block": start + _segment(0xED, b"Photoshop 3.0\08BIM\x04\x04\0\0\xff\xff\xff\xff" + MARK) + body,
    }  # fmt: skip
    turned = {f"turned by {n}": picture("JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 0x0112, 3, 1, n) + b"\0" * 4) for n in (0, 2, 5, 9, 65535)}  # fmt: skip
    return {f"jpeg: {name}": data for name, data in (told | turned).items()}


def _chunk(kind: bytes, data: bytes, *, length: int | None = None, check: int | None = None) -> bytes:
    summed = zlib.crc32(kind + data) if check is None else check
    return struct.pack(">I", len(data) if length is None else length) + kind + data + struct.pack(">I", summed)


def _png_of(*chunks: bytes, width: int = 8, height: int = 8, depth: int = 8, colour: int = 2, laced: int = 0) -> bytes:
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, laced))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + _chunk(b"IEND", b"")


def _png() -> dict[str, bytes]:
    rows = _chunk(b"IDAT", zlib.compress(b"\0" * (8 * 25)))
    bomb = zlib.compress(b"\0" * 50_000_000, 9)
    palette = _chunk(b"PLTE", b"\0\0\0")
    told = {
        "nothing but its magic": b"\x89PNG\r\n\x1a\n", "a script in its place": b"\x89PNG\r\n\x1a\n" + _SCRIPT,
        "no size": _png_of(rows, width=0, height=0), "larger than a number": _png_of(rows, width=2**32 - 1, height=2**32 - 1),
        "36 million of one bit": _png_of(_chunk(b"IDAT", zlib.compress(b"\0" * (6000 * 751), 9)), width=6000, height=6000, depth=1, colour=0),
        "50 MB for eight rows": _png_of(_chunk(b"IDAT", bomb)), "a text of 50 MB": _png_of(_chunk(b"zTXt", b"a\0\0" + bomb), rows),
        "a profile of 50 MB": _png_of(_chunk(b"iCCP", b"a\0\0" + bomb), rows), "a long text of 50 MB": _png_of(_chunk(b"iTXt", b"a\0\1\0\0\0" + bomb), rows),
        "30,000 texts": _png_of(*(_chunk(b"tEXt", b"a\0" + MARK) for _ in range(30_000)), rows),
        "a wrong sum": _png_of(_chunk(b"IDAT", zlib.compress(b"\0" * 200), check=7)), "no rows": _png_of(),
        "half a row": _png_of(_chunk(b"IDAT", zlib.compress(b"\0" * 3))), "rows of noise": _png_of(_chunk(b"IDAT", b"x\x9c" + _CHANCE.randbytes(200))),
        "a length below nothing": _png_of(_chunk(b"IDAT", b"", length=2**32 - 1)), "a length beyond the end": _png_of(_chunk(b"IDAT", b"", length=9000)),
        "no palette": _png_of(rows, colour=3), "a palette of one": _png_of(palette, rows, colour=3), "depth of three": _png_of(rows, depth=3),
        "colour of five": _png_of(rows, colour=5), "laced": _png_of(rows, laced=1), "laced in a new way": _png_of(rows, laced=9),
        "a second head": _png_of(_chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)), rows),
        "a film of 1,000 frames": _png_of(_chunk(b"acTL", struct.pack(">II", 1000, 0)), *(_chunk(b"fcTL", struct.pack(">IIIIIHHBB", n, 8, 8, 0, 0, 1, 1, 0, 0)) for n in range(1000)), rows),
        "exif of noise": _png_of(_chunk(b"eXIf", _CHANCE.randbytes(3000)), rows), "a web page after it": _png_of(rows) + _SCRIPT,
        "only its half": picture("PNG", (300, 300))[:9000], "sixteen bits": _png_of(_chunk(b"IDAT", zlib.compress(b"\0" * 8 * 49)), depth=16),
    }  # fmt: skip
    return {f"png: {name}": data for name, data in told.items()}


def _riff(*chunks: tuple[bytes, bytes], size: int | None = None) -> bytes:
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def _webp() -> dict[str, bytes]:
    whole = picture("WEBP", exif=exif(), xmp=MARK)
    film = io.BytesIO()
    frames: Iterable[Image.Image] = [Image.new("RGB", (32, 32), (n, 0, 0)) for n in range(200)]
    first, *rest = frames
    first.save(film, "WEBP", save_all=True, append_images=rest, duration=1)
    extended = (b"VP8X", b"\xff\0\0\0" + b"\xff" * 6)
    told = {
        "nothing in it": _riff(), "a size beyond the end": _riff((b"VP8 ", b"\0" * 20), size=2**32 - 1), "a size of nothing": _riff((b"VP8 ", b"\0" * 20), size=0),
        "16 million by 16 million": _riff(extended), "16 million by 16 million, with a photo": _riff(extended, (b"VP8 ", whole[20:])),
        "only its half": whole[: len(whole) // 2], "a script": _riff((b"VP8 ", _SCRIPT)), "lossless noise": _riff((b"VP8L", b"\x2f" + _CHANCE.randbytes(400))),
        "the largest there is": _riff((b"VP8L", b"\x2f" + struct.pack("<I", 0x0FFFFFFF) + b"\0" * 40)), "a film": film.getvalue(),
        "20,000 chunks": _riff(*[(b"JUNK", MARK)] * 20_000), "an alpha of noise": _riff((b"VP8X", b"\x10\0\0\0" + b"\x3f\0\0" * 2), (b"ALPH", _CHANCE.randbytes(90)), (b"VP8 ", whole[20:])),
    }  # fmt: skip
    return {f"webp: {name}": data for name, data in told.items()}


def _heic() -> dict[str, bytes]:
    whole = picture("HEIF", (128, 96), exif=exif())
    at = whole.find(b"ispe")
    lied = whole[: at + 8] + struct.pack(">II", 60_000, 60_000) + whole[at + 16 :]
    told = {
        "nothing but its type": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a box without end": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\xff\xff\xff\xffmeta",
        "boxes in boxes": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"".join(struct.pack(">I", 80_000 - 8 * n) + b"meta" for n in range(9000)),
        "a size that is a lie": lied, "only its half": whole[: len(whole) // 2], "without its end": whole[:-40], "a script": b"\0\0\0\x18ftypmif1" + _SCRIPT,
        "a sequence": whole.replace(b"heic", b"msf1", 1), "a length of nothing": b"\0\0\0\0ftypheic" + whole[12:], "noise in its heart": whole[:400] + _CHANCE.randbytes(len(whole) - 400),
    }  # fmt: skip
    return {f"heic: {name}": data for name, data in told.items()}


def _damaged() -> dict[str, bytes]:
    """Photos with bytes changed and ends cut off, by chance but always the same."""
    whole = (picture("JPEG", exif=exif()), picture("PNG"), picture("WEBP"), picture("HEIF"))
    found = {}
    for number in range(32):
        data = bytearray(whole[number % 4])
        for _ in range(_CHANCE.choice((1, 8, 64))):
            data[_CHANCE.randrange(4, len(data))] = _CHANCE.randrange(256)
        found[f"damaged: {number}"] = bytes(data if number % 5 else data[: _CHANCE.randrange(12, len(data))])
    return found
