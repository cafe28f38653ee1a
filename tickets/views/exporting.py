"""Lists as files: both faces send them the same way."""

from collections.abc import Callable

from django.http import Http404, StreamingHttpResponse
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.translation import gettext as _

from accounts.access import Access, DeskRequest
from accounts.streaming import Face, pieces
from helpdesk.lib.addresses import query_string
from helpdesk.lib.sheets import Row, csv_chunks, xlsx_chunks
from tickets.models import TicketQuerySet
from tickets.queries import export

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def export_links(request: DeskRequest, address: str) -> list[dict[str, str]]:
    """What `ui/export.html` asks for: the list as it is filtered, in each form."""
    forms = {"csv": "CSV", "xlsx": "Excel (XLSX)"}
    return [{"label": label, "url": f"{address}?{query_string(request.GET, before=None, format=form)}"} for form, label in forms.items()]


def export_answer(request: DeskRequest, face: Face, rows: Callable[[Access], TicketQuerySet]) -> StreamingHttpResponse:
    """The tickets of `rows` as the file that `?format=` names; 404 for any other. `rows` is asked anew for each batch."""
    form, for_staff = request.GET.get("format", "csv"), face == "console"
    if form not in {"csv", "xlsx"}:
        raise Http404

    def read(access: Access, before: int | None) -> tuple[list[Row], int | None]:
        return export.batch(rows(access), before, for_staff=for_staff)

    batches = pieces(request.access, face, read)
    name = _("tickets") + f"-{timezone.localdate().isoformat()}.{form}"
    if form == "csv":
        delimiter = ";" if get_format("DECIMAL_SEPARATOR") == "," else ","
        answer = StreamingHttpResponse(
            csv_chunks(export.header(for_staff=for_staff), batches, delimiter=delimiter), content_type="text/csv; charset=utf-8"
        )
    else:
        columns = export.header(for_staff=for_staff, zone=timezone.get_current_timezone_name())
        answer = StreamingHttpResponse(xlsx_chunks(_("Tickets"), columns, batches), content_type=XLSX_TYPE)
        answer["Content-Encoding"] = "identity"  # it is compressed in itself
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer
