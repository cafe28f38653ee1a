"""A statement as PDF, in the active language: A4, the table's head on every page. Fonts come along, so that every name can be written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue
from fpdf.fonts import TTFFont

from billing.printed import Cover, OfTicket, Printed, Work, rounded_before
from helpdesk.lib.minutes import spell

FONTS = Path(__file__).parent / "fonts"
FONT = "DejaVu"
MARGIN, BOTTOM = 18.0, 20.0
LINE, SMALL_LINE = 4.6, 4.0
TEXT, SMALL = 9.0, 8.0
INK, MUTED, RULE, TINT = (18, 33, 31), (77, 93, 89), (200, 208, 205), (235, 239, 237)
NOT_WRITABLE = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Column:
    width: float
    align: Align = Align.L


COLUMNS = (Column(29), Column(67), Column(38), Column(17, Align.R), Column(23, Align.R))
WIDTH = sum(column.width for column in COLUMNS)


def pdf_of(shown: Printed) -> bytes:
    """The file. Two of one statement, in one language, are equal."""
    paper = _Paper(shown)
    paper.write_all()
    return bytes(paper.output())


class _Paper(FPDF):
    """The pages of one statement."""

    def __init__(self, shown: Printed) -> None:
        super().__init__(format="A4")
        self.shown, self.in_table = shown, False
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(auto=True, margin=BOTTOM)
        self.add_font(FONT, "", FONTS / "DejaVuSans.ttf")
        self.add_font(FONT, "B", FONTS / "DejaVuSans-Bold.ttf")
        font = self.fonts[FONT.lower()]
        assert isinstance(font, TTFFont), "it was added as such"
        self._writable = frozenset(font.cmap)
        self.set_title(shown.title)
        total = shown.money(shown.statement.total_cents)
        self.set_subject(f"{shown.agreed['customer']}, {shown.month_name}: {total}")
        self.set_author(shown.agreed["provider"])
        self.set_lang(get_language() or "en")
        self.set_creation_date(shown.closed_at)
        self.set_text_color(*INK)
        self.set_draw_color(*RULE)

    # --- What is on every page ---------------------------------------------------------------------------------------
    def header(self) -> None:
        if self.page_no() == 1:
            return
        self._font(SMALL, muted=True)
        self.cell(WIDTH / 2, 6, self._clean(f"{self.shown.agreed['provider']} · {self.shown.agreed['customer']}"))
        self.cell(WIDTH / 2, 6, self._clean(f"{self.shown.title} · {self.shown.month_name}"), align=Align.R)
        self.ln(9)
        if self.in_table:
            self._head()

    def footer(self) -> None:
        self.set_y(-BOTTOM + 6)
        self._font(SMALL, muted=True)
        zone = _("Days and times by the clock of %(zone)s.") % {"zone": self.shown.agreed["zone"]}
        self.cell(WIDTH * 0.75, 5, self._clean(zone))
        self.cell(WIDTH * 0.25, 5, _("Page %(page)s of %(pages)s") % {"page": self.page_no(), "pages": "{nb}"}, align=Align.R)

    # --- The pages ---------------------------------------------------------------------------------------------------
    def write_all(self) -> None:
        self.add_page()
        self._title()
        self._facts()
        self._table()
        self._totals()

    def _title(self) -> None:
        top = self.get_y()
        self.image(settings.PROVIDER_LOGO, x=MARGIN, y=top, h=11)
        self.set_xy(MARGIN + 15, top)
        self._font(13, bold=True)
        self.cell(WIDTH - 15, 11, self._clean(self.shown.agreed["provider"]))
        self.set_xy(MARGIN, top + 18)
        self._font(17, bold=True)
        self.multi_cell(WIDTH, 8, self._clean(self.shown.title), new_x="LMARGIN", new_y="NEXT")
        self._font(11, muted=True)
        self.multi_cell(WIDTH, 6, self._clean(f"{self.shown.agreed['customer']} · {self.shown.month_name}"), new_x="LMARGIN", new_y="NEXT")
        self.ln(4)

    def _facts(self) -> None:
        agreed = self.shown.agreed
        facts = [(_("Contract"), agreed["contract"]), (_("Account manager"), agreed["account_manager"])]
        if not self.shown.is_draft:
            facts.append((_("Closed"), date_format(self.shown.closed_at, "SHORT_DATE_FORMAT")))
        facts.append((_("Allowance"), used_of(agreed["allowance_used_minutes"], agreed["allowance_minutes"])))
        if agreed["package_minutes"]:
            facts.append((_("Package"), used_of(agreed["package_used_minutes"], agreed["package_minutes"])))
        for label, value in facts:
            self._font(TEXT, muted=True)
            self.cell(45, 5.4, self._clean(label))
            self._font(TEXT)
            self.multi_cell(WIDTH - 45, 5.4, self._clean(str(value)), new_x="LMARGIN", new_y="NEXT")
        self.ln(5)

    def _table(self) -> None:
        self._head()
        self.in_table = True
        if self.shown.fee_cents is not None:
            self._row(["", _("Package fee"), "", "", self.shown.money(self.shown.fee_cents)])
        for group in self.shown.tickets:
            self._ticket(group)
        if self.shown.private is not None:
            private = self.shown.private
            self._row(["", _("Private tickets"), "", spell(private.minutes), self.shown.money(private.amount_cents)])
        self._corrections()
        self.in_table = False

    def _head(self) -> None:
        self._font(SMALL, bold=True)
        self.set_fill_color(*TINT)
        names = (_("When, by whom"), _("What was done"), _("Covered by"), _("Duration"), _("Amount"))
        for column, name in zip(COLUMNS, names, strict=True):
            self.cell(column.width, 6.5, self._clean(name), align=column.align, fill=True)
        self.ln(8)

    def _ticket(self, group: OfTicket) -> None:
        self._make_room(20)
        self._font(TEXT, bold=True)
        self.multi_cell(WIDTH, 5.4, self._clean(f"{group.ticket.number}  {group.ticket.subject}"), new_x="LMARGIN", new_y="NEXT")
        for work in group.works:
            self._work(work)

    def _work(self, work: Work) -> None:
        when = f"{date_format(work.day, 'SHORT_DATE_FORMAT')}\n{work.when}\n{work.agent}"
        covers = list(work.covers) or [rounded_before()]
        for number, cover in enumerate(covers):
            first = (when, work.note) if number == 0 else ("", "")
            self._row([*first, self._cover(cover), self._time(cover), self.shown.money(cover.amount_cents)])

    def _time(self, cover: Cover) -> str:
        if not cover.is_charged or cover.billed_minutes == cover.minutes:
            return spell(cover.minutes)
        return _("%(billed)s\nof %(minutes)s") % {"billed": spell(cover.billed_minutes), "minutes": spell(cover.minutes)}

    def _cover(self, cover: Cover) -> str:
        rate = _("%(money)s an hour") % {"money": self.shown.money(cover.rate_cents)} if cover.is_charged else ""
        return "\n".join(filter(None, (cover.label, rate, cover.note)))

    def _corrections(self) -> None:
        for one in self.shown.corrections:
            facts = {"month": date_format(one.of_month, "YEAR_MONTH_FORMAT"), "number": one.number}
            label = _("Correction of %(month)s, statement %(number)s") % facts
            changes = [
                _("%(ticket)s, %(day)s: %(before)s before, %(after)s now")
                % {
                    "ticket": change.ticket,
                    "day": date_format(change.day, "SHORT_DATE_FORMAT"),
                    "before": self.shown.money(change.before_cents),
                    "after": self.shown.money(change.after_cents),
                }
                for change in one.changes
            ]
            self._row(["", "\n".join([label, *changes]), "", "", self.shown.money(one.amount_cents)])

    def _totals(self) -> None:
        self._make_room(20)
        self.ln(2)
        self._font(12, bold=True)
        self.cell(WIDTH - 45, 9, self._clean(_("Total")))
        self.cell(45, 9, self.shown.money(self.shown.statement.total_cents), align=Align.R)
        self.ln(10)
        self._font(SMALL, muted=True)
        note = _("Only what was approved is charged. Times are rounded up once per ticket and day, in steps of %(step)s.")
        self.multi_cell(WIDTH, SMALL_LINE, self._clean(note % {"step": spell(self.shown.agreed["increment_minutes"])}))

    # --- How ---------------------------------------------------------------------------------------------------------
    def _row(self, texts: Sequence[str]) -> None:
        """Cells beside each other, as high as the highest. One that is higher than a page goes on with the next."""
        self._font(SMALL)
        cells = [self._lines(text, column.width) for text, column in zip(texts, COLUMNS, strict=True)]
        height = max(len(lines) for lines in cells)
        if height * SMALL_LINE < self.eph / 2:
            self._make_room(height * SMALL_LINE + 2)
        for number in range(height):
            self._make_room(SMALL_LINE)
            for lines, column in zip(cells, COLUMNS, strict=True):
                self.cell(column.width, SMALL_LINE, lines[number] if number < len(lines) else "", align=column.align)
            self.ln(SMALL_LINE)
        self.line(MARGIN, self.get_y() + 0.8, MARGIN + WIDTH, self.get_y() + 0.8)
        self.ln(1.8)

    def _lines(self, text: str, width: float) -> list[str]:
        if not text:
            return []
        lines = self.multi_cell(width - 1, SMALL_LINE, self._clean(text), dry_run=True, output=MethodReturnValue.LINES)
        assert isinstance(lines, list), "it was asked for lines alone"
        return lines

    def _make_room(self, height: float) -> None:
        if self.will_page_break(height):
            self.add_page()
            self._font(SMALL)

    def _font(self, size: float, *, bold: bool = False, muted: bool = False) -> None:
        self.set_font(FONT, "B" if bold else "", size)
        self.set_text_color(*(MUTED if muted else INK))

    def _clean(self, text: str) -> str:
        """What the fonts can write; a sign stands for each letter that they can't."""
        plain = text.replace("\r\n", "\n").replace("\t", " ")
        return "".join(letter if letter == "\n" or ord(letter) in self._writable else NOT_WRITABLE for letter in plain)


def used_of(used: int, granted: int) -> str:
    return _("%(used)s of %(granted)s used") % {"used": spell(used), "granted": spell(granted)}
