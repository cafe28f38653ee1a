"""Tables for spreadsheet programs, as CSV and XLSX: row by row, and nothing in them is ever taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

Value = str | int | float | Decimal | datetime | None
Row = Sequence[Value]

# What makes a spreadsheet program run a cell of a CSV instead of showing it, also where it trims what stands before.
_FORMULA = re.compile(r"\s*[=+\-@]|[\t\r\n]")
# The same behind what a program takes for the end of a cell when it expects another separator than the file's own.
_INNER_FORMULA = re.compile(r"([;,\t|\r\n])(?=\s*[=+\-@])")
# XML knows no other control characters, and a cell holds no more than this.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LONGEST_TEXT = 32_767
# Excel's own form number 22, which it shows in the order of its reader's country.
_DATE_FORMAT = "m/d/yy h:mm"
_CHUNK_BYTES = 64 * 1024


def harmless(text: str) -> str:
    """The text so that a spreadsheet program that opens a CSV shows it: an apostrophe stands before what would be a formula."""
    text = _UNWRITABLE.sub("", text)
    return f"'{text}" if _FORMULA.match(text) else text


def csv_chunks(header: Sequence[str], batches: Iterable[Iterable[Row]], *, delimiter: str = ",") -> Iterator[bytes]:
    """UTF-8 with the mark by which spreadsheet programs know it; one chunk for the header and one for each batch.

    `delimiter`: what the reader's programs expect, a semicolon where the comma stands in numbers. Instants (with a zone) are
    written as 2026-11-23 09:00:00-03:00, numbers with the decimal mark that goes with the delimiter.
    """
    yield "\ufeff".encode() + _lines([header], delimiter)
    for batch in batches:
        yield _lines(batch, delimiter)


def _lines(rows: Iterable[Row], delimiter: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([_as_text(value, delimiter) for value in row] for row in rows)
    return text.getvalue().encode()


def _as_text(value: Value, delimiter: str) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, int | float | Decimal):
        return str(value).replace(".", "," if delimiter == ";" else ".")
    return _INNER_FORMULA.sub(lambda found: found[0] if found[0] == delimiter else f"{found[0]}'", harmless(value or ""))


def xlsx_chunks(title: str, header: Sequence[str], batches: Iterable[Iterable[Row]]) -> Iterator[bytes]:
    """A workbook with one sheet. It is written to disk as the batches come and sent when it is whole; memory holds one row.

    Instants become dates of the sheet, by the clock of the zone that they carry.
    """
    with TemporaryFile() as file:
        _write_workbook(file, title, header, batches)
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _write_workbook(file: IO[bytes], title: str, header: Sequence[str], batches: Iterable[Iterable[Row]]) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title=re.sub(r"[\\/*?:\[\]]", " ", title)[:31])
    sheet.freeze_panes = "A2"
    for column, name in enumerate(header, 1):
        sheet.column_dimensions[get_column_letter(column)].width = max(14, len(name) + 2)
    dates = [WriteOnlyCell(sheet) for _name in header]
    try:
        sheet.append([_text(sheet, name, bold=True) for name in header])
        for batch in batches:
            for row in batch:
                sheet.append([_cell(sheet, value, date) for value, date in zip(row, dates, strict=True)])
        book.save(file)
    except BaseException:
        with suppress(OSError):  # the sheet's own file, which would stay until this process ends; gone when only saving failed
            if not sheet.closed:
                sheet.close()
            sheet._writer.cleanup()
        raise


def _cell(sheet: WriteOnlyWorksheet, value: Value, date: Cell) -> Cell | str | int | float | Decimal | None:
    """What openpyxl writes; `date`: a cell for this column's dates, made once because its form costs more than its value."""
    if isinstance(value, datetime):
        date.value = value.replace(tzinfo=None)
        date.number_format = _DATE_FORMAT
        return date
    if isinstance(value, int | float | Decimal):
        return value
    # What can't be written is dropped first: it may stand before what would then be a formula.
    text = _writable(value or "")
    if not text:
        return None
    return _text(sheet, text) if text[0] in "=#" else text


def _text(sheet: WriteOnlyWorksheet, value: str, *, bold: bool = False) -> Cell:
    """A cell that is text whatever it looks like; openpyxl itself takes what begins with = for a formula."""
    cell = WriteOnlyCell(sheet, value=_writable(value))
    cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("", text)[:_LONGEST_TEXT]
