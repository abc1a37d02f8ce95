"""Receipts as each release made them: they must verify for ever. `make golden` adds those of the present release.

A folder `samples/receipts/{version}` holds receipts (`*.jws`), the keys as they were published then (`keys.json`), and is
never changed again: what is in it is in somebody's files.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from public_site import __version__, log, questions, receipts, register, signing
from tests.web.conftest import new_publisher, publish_everything

FOLDER = Path(__file__).parent / "samples" / "receipts"
_MADE_AT = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
_LIST = (
    "客户号,企业名称,统一社会信用代码,所在地\n1,,91130200699229617X,\n2,演示甲包装有限公司,,涪陵区\n3,演示丁电子有限公司,,\n"
    "4,没有这家的厂,,\n5,,911302006992296171,\n6,演示丙家具有限责任公司,,\n7,演示庚家具有限公司,,\n"
)


def main() -> None:
    """Write the receipts of this release, unless they are there."""
    folder = FOLDER / __version__
    if folder.exists():
        sys.exit(f"{folder} is there already; a release's receipts are never made again")
    with tempfile.TemporaryDirectory() as place:
        publisher = new_publisher(Path(place))
        publish_everything(publisher)
        settings, asked = publisher.settings, questions.of_text(_LIST).questions
        with publisher.database.reading() as connection:
            known = register.latest_number(connection)
            made = {
                "list": receipts.made(connection, settings, asked, as_of="2024-06-30", known=known, made_at=_MADE_AT),
                "list-known-earlier": receipts.made(connection, settings, asked, as_of="2022-06-30",
                                                    known=receipts.known_at(connection, 20), made_at=_MADE_AT),
                "certificate": receipts.certificate(connection, settings, 4, as_of="2023-02-28", known=known),
            }  # fmt: skip
            keys = signing.key_set(settings.receipt_keys, settings.log_key, log.origin(connection) or settings.origin)
        publisher.database.close()
    folder.mkdir(parents=True)
    for name, receipt in made.items():
        (folder / f"{name}.jws").write_bytes(receipt.data)
    (folder / "keys.json").write_text(json.dumps(keys, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
