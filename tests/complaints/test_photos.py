"""Photos: what is taken is only what is seen; what is hostile is a sentence."""

from __future__ import annotations

import io
import struct
import zlib

import pillow_heif
import pytest
from PIL import Image

from public_site.complaints import drawing, photos

MARK = b"CANARY"


def picture(kind: str, size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    image = Image.effect_noise(size, 80).convert("RGB")
    out = io.BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(out, **options)
    else:
        image.save(out, kind, **options)
    return out.getvalue()


def exif() -> bytes:
    told = Image.Exif()
    told[0x010E] = MARK.decode()  # description
    told[0x0112] = 6  # turned
    told.get_ifd(0x8825)[29] = MARK.decode()  # place
    return told.tobytes()


def test_every_kind_comes_out_as_a_plain_jpeg_without_what_was_in_it() -> None:
    with_comment = picture("JPEG", exif=exif(), comment=MARK)
    sent = {
        "JPEG": with_comment,
        "PNG": picture("PNG", exif=exif()),
        "WEBP": picture("WEBP", exif=exif(), xmp=MARK),
        "HEIF": picture("HEIF", exif=exif()),
    }
    for kind, data in sent.items():
        assert MARK in data, kind
        got = photos.drawn(data)
        assert MARK not in got
        assert b"Exif" not in got
        with Image.open(io.BytesIO(got)) as image:
            assert image.format == "JPEG"
            assert not image.getexif()
            assert "comment" not in image.info
            assert image.size in ((48, 64), (64, 48)), kind


def test_what_is_appended_to_a_picture_does_not_come_along() -> None:
    assert MARK not in photos.drawn(picture("JPEG") + b"PK\x03\x04" + MARK)


def test_a_large_picture_is_made_smaller() -> None:
    with Image.open(io.BytesIO(photos.drawn(picture("JPEG", (4000, 3000))))) as image:
        assert max(image.size) == drawing.LONGEST_SIDE


def png_that_says(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"0" * 100_000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("data", "said"), [
    (b"", "空"),
    (b"\xff\xd8\xff" + b"0" * photos.LARGEST, "8 MB"),
    (b"GIF89a" + b"0" * 100, "只能传照片"),
    (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "只能传照片"),
    (b"%PDF-1.7", "只能传照片"),
    (b"PK\x03\x04", "只能传照片"),
    (b"II*\x00" + b"0" * 50, "只能传照片"),
    (b"MZ", "只能传照片"),
    (png_that_says(20_000, 20_000), "像素"),
    (png_that_says(2**31 - 1, 2**31 - 1), "像素"),
    (png_that_says(6_400, 6_400), "像素"),
    (png_that_says(6_000, 6_000), "无法读取"),
    (b"\xff\xd8\xff\xe0", "无法读取"),
])  # fmt: skip
def test_what_is_no_photo_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(photos.PhotoRefused, match=said):
        photos.drawn(data)
