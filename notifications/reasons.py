"""Why a mail did not arrive, in words for people who don't read SMTP."""

import re

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.bounces import enhanced_status, verdict

# What is written to a mail that was withdrawn from its reader.
NO_LONGER_FOR_THEM = "Its reader may no longer see what it tells of."
NO_LONGER_FOR_THEM_AND_TRIED = NO_LONGER_FOR_THEM + " An earlier try may have reached them."

# By the beginning of the status; the longest that fits counts.
_BY_STATUS: dict[str, "str | Promise"] = {
    "5.1.1": gettext_lazy("There is no such mailbox."),
    "5.1.2": gettext_lazy("The part behind the @ receives no mail."),
    "5.1.6": gettext_lazy("The mailbox has moved."),
    "5.1.10": gettext_lazy("There is no such mailbox."),
    "5.1": gettext_lazy("The address is wrong."),
    "5.2.1": gettext_lazy("The mailbox is closed."),
    "5.2.2": gettext_lazy("The mailbox is full."),
    "5.2.3": gettext_lazy("The mail is larger than the mailbox takes."),
    "5.2": gettext_lazy("The mailbox takes no mail."),
    "5.4.1": gettext_lazy("There is no such mailbox."),
    "5.4.4": gettext_lazy("The part behind the @ receives no mail."),
    "5.4": gettext_lazy("The reader's mail server can't be reached."),
    "5.7": gettext_lazy("The reader's mail server refuses our mail."),
    "5": gettext_lazy("The mail server refuses it."),
    "4.2.2": gettext_lazy("The mailbox is full for now."),
    "4.4": gettext_lazy("The reader's mail server did not answer in time."),
    "4.7": gettext_lazy("The mail server wants it later."),
    "4": gettext_lazy("The mail server can't take it now."),
}
_BY_WORD: tuple[tuple[str, "str | Promise"], ...] = (
    ("user unknown", gettext_lazy("There is no such mailbox.")),
    ("mailbox full", gettext_lazy("The mailbox is full.")),
    ("quota", gettext_lazy("The mailbox is full.")),
    ("it may have arrived", gettext_lazy("Sending it was cut off; it may have arrived. Ask its reader before you send it again.")),
    ("an earlier try may have", gettext_lazy("Its reader may no longer see what it tells of. An earlier try may have reached them.")),
    ("may no longer see", gettext_lazy("Its reader may no longer see what it tells of.")),
    ("process that sent it died", gettext_lazy("Sending it was cut off each time.")),
    ("connectionrefused", gettext_lazy("Our mail server could not be reached.")),
    ("timeout", gettext_lazy("Our mail server did not answer in time.")),
    ("gaierror", gettext_lazy("Our mail server could not be found.")),
    ("authentication", gettext_lazy("Our mail server did not let us in.")),
)


def in_words(text: str) -> str:
    """What an error or a server's answer means, in one sentence; empty for an empty text."""
    if not text:
        return ""
    status, small = enhanced_status(text), text.lower()
    by_status = [known for known in _BY_STATUS if (status + ".").startswith(known + ".")]
    if by_status and len(max(by_status, key=len)) > 1:
        return str(_BY_STATUS[max(by_status, key=len)])
    for word, sentence in _BY_WORD:
        if word in small:
            return str(sentence)
    code = status or next(iter(re.findall(r"(?<!\d)[45]\d\d(?!\d)", text)), "")
    if code:
        return str(_BY_STATUS["5" if verdict(text).is_bounce or code.startswith("5") else "4"])
    return _("It could not be sent.")


# Of pages: the codes of `courier.py`.
_OF_PAGES: dict[str, "str | Promise"] = {
    "private": gettext_lazy("The address lies inside a private network, where pages are not sent to."),
    "unreachable": gettext_lazy("The service could not be reached."),
    "silent": gettext_lazy("The service did not answer in time."),
    "invalid": gettext_lazy("The address is not understood any more. Enter it anew."),
    "refused": gettext_lazy("The service refused it."),
    "died": gettext_lazy("Sending it was cut off each time."),
    "removed": gettext_lazy("This way was removed meanwhile."),
}


def why(code: str) -> str:
    """Why a page did not arrive, by the courier's code; empty for an empty code."""
    if code.startswith("status "):
        return _("The service answered %(status)s.") % {"status": code.removeprefix("status ")}
    return str(_OF_PAGES.get(code, _OF_PAGES["refused"])) if code else ""
