"""What every format gives: numbered lines of cells, as they stand in the file, with nothing understood yet."""

from __future__ import annotations

from dataclasses import dataclass

from public_site.faults import NotValid
from public_site.languages import _

Cell = str | int | float  # a number only where the file itself types it as one (XLSX)

MOST_COLUMNS = 200
MOST_CELL_CHARACTERS = 8_000
MOST_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    sheet: str | None
    number: int  # as the clerk finds it: the spreadsheet's row, the line of a text, the row of a table on its page
    cells: tuple[Cell, ...]
    block: int = (
        0  # where text flows, each table and each run of text is a block of its own: a table ends with its block
    )


@dataclass(frozen=True, slots=True)
class Page:
    """What the file says about itself outside its text: a web page's title and source."""

    title: str | None
    issuer: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """Where a sheet or an attachment begins: no heading, header or merged cell of another part counts here."""

    sheet: str | None = None  # its bare name, which may say the grade
    file: str | None = None  # the attachment's name without its ending, likewise


@dataclass(frozen=True, slots=True)
class Flaw:
    """A spot that may be neither published nor passed over in silence. Reading goes on, so that all of them are heard of."""

    sheet: str | None
    number: int  # 0 where it is no one row's
    message: str
    remedy: str


Piece = Line | Page | Part | Flaw


class Unreadable(NotValid):
    """The file, or one spot of it, is not what it claims to be."""

    def __init__(self, message: str, remedy: str, sheet: str | None = None, row: int | None = None) -> None:
        super().__init__(_("{message}{remedy}", message=message, remedy=remedy))
        self.message = message
        self.remedy = remedy
        self.sheet = sheet
        self.row = row


def checked(line: Line) -> Line:
    """The line, if it keeps to the bounds that every table of a notice keeps to."""
    if len(line.cells) > MOST_COLUMNS:
        raise Unreadable(
            _("这一行有{columns}列，超过{most}列。", columns=len(line.cells), most=MOST_COLUMNS),
            _("请删去多余的列后重试。"),
            line.sheet,
            line.number,
        )
    if line.number > MOST_ROWS:
        raise Unreadable(_("表格超过{most}行。", most=MOST_ROWS), _("请分成几个文件。"), line.sheet, line.number)
    for cell in line.cells:
        if isinstance(cell, str) and len(cell) > MOST_CELL_CHARACTERS:
            raise Unreadable(
                _("有一格超过{most}个字，不像名单。", most=MOST_CELL_CHARACTERS),
                _("请检查引号是否成对，或删去这一格的长文字。"),
                line.sheet,
                line.number,
            )
    return line
