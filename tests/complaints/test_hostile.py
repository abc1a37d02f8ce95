"""Hostile uploads, six to a complaint: the words are kept, each upload is a photo or a sentence.

The suite takes a share of them, `make hostile-uploads` all hundred and forty-nine.
"""

from __future__ import annotations

import io
import os
import time

import pytest
from PIL import Image
from sqlalchemy import text

from public_site.complaints import drawing, following, handling
from tests.complaints import hostile
from tests.complaints.inbox import SECRET, TODAY, Inbox
from tests.complaints.test_photos import MARK

LONGEST_SECONDS = 20
SHARE = 1 if int(os.environ.get("PUBLIC_SITE_TEST_SWEEP", "1")) > 1 else 5


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_every_hostile_upload_is_a_plain_picture_or_a_sentence_and_costs_no_word(inbox: Inbox) -> None:
    every = hostile.uploads()
    assert len(every) >= 120
    uploads = {name: data for n, (name, data) in enumerate(every.items()) if n % SHARE == 0}
    desk, kept, refused = inbox.desk("fuling"), 0, 0
    for number in range(1, (len(uploads) + 5) // 6 + 1):
        batch = list(uploads.items())[6 * number - 6 : 6 * number]
        begun = time.monotonic()
        lodged = inbox.lodge(f"once-{number}", photos=tuple(data for _, data in batch))
        assert time.monotonic() - begun < LONGEST_SECONDS * len(batch), [name for name, _ in batch]
        seen = following.follow(inbox.store, lodged.code, on=TODAY)
        assert seen.statement["said"] == SECRET
        assert seen.photos + len(lodged.refused) == len(batch), [name for name, _ in batch]
        assert all(said.startswith("第 ") and said.endswith("。") for said in lodged.refused)
        for ordinal in range(1, seen.photos + 1):
            stored = handling.photo(inbox.store, desk, number, ordinal, on=TODAY)
            assert MARK not in stored
            with Image.open(io.BytesIO(stored)) as image:
                assert image.format == "JPEG"
                assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
                assert max(image.size) <= drawing.LONGEST_SIDE
        kept += seen.photos
        refused += len(lodged.refused)
    assert kept + refused == len(uploads)
    assert refused >= 80 // SHARE
    assert kept >= 10 // SHARE
    with inbox.store.looking() as connection:
        assert connection.execute(text("SELECT count(*) FROM photo")).scalar() == kept
