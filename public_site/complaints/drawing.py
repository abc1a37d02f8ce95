"""The child process that decodes one picture and draws it anew: limits on itself first, then bytes in, a JPEG out.

Nothing of the file that came is in the file that goes: only its pixels are, drawn onto a new image; no EXIF, no place,
no comment, no preview, no colour profile. It imports nothing else of ours, so that it starts fast and knows nothing.
"""

from __future__ import annotations

import io
import os
import resource
import sys
import warnings

MOST_PIXELS = 40_000_000
LONGEST_SIDE = 2_560
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
_NEVER = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "pickle.find_class", "os.remove",
          "os.rename", "os.mkdir", "shutil.")  # fmt: skip


def main() -> None:
    """Exit code 0: the picture is on standard output; 3: too many pixels; anything else: it cannot be read."""
    for kind, value in (
        (resource.RLIMIT_AS, 1 << 30),
        (resource.RLIMIT_CPU, 15),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))
    from PIL import Image, ImageOps

    data = sys.stdin.buffer.read()
    if data[4:8] == b"ftyp":
        import pillow_heif  # half of the start's time, for one kind of picture

        pillow_heif.register_heif_opener(thumbnails=False)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.preinit()
    sys.addaudithook(_refuse)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                sys.exit(3)
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        sys.exit(3)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    drawn = Image.new("RGB", upright.size, "white")
    drawn.paste(upright, mask=upright.getchannel("A"))
    out = io.BytesIO()
    drawn.save(out, "JPEG", quality=85)
    sys.stdout.buffer.write(out.getvalue())


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if event.startswith(_NEVER) or writes:
        raise PermissionError(event)


if __name__ == "__main__":
    main()
