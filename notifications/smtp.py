"""Django's SMTP, except that it tells what is known to have failed from what may have arrived."""

import smtplib
from typing import Any

from django.core.mail.backends import smtp


class OutcomeUnknown(smtplib.SMTPException):
    """The line broke while a mail was handed over: the server may have it all the same."""


class _Telling:
    """Turns a line that breaks after DATA, before the server's answer, into OutcomeUnknown."""

    def data(self, msg: Any) -> tuple[int, bytes]:
        try:
            answer: tuple[int, bytes] = super().data(msg)  # type: ignore[misc]  # of the class that this is mixed into
        except (smtplib.SMTPServerDisconnected, TimeoutError) as error:
            raise OutcomeUnknown(f"the line broke after DATA: {error}") from error
        return answer


class _Line(_Telling, smtplib.SMTP):
    pass


class _SecureLine(_Telling, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _SecureLine if self.use_ssl else _Line
