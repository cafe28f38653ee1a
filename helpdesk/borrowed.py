"""Words of Django, of allauth and of time zones that our catalogue says in its own way; here `./run messages` finds them.

A project's catalogue is asked before those of its packages. Portuguese writes months and days small, and calls São Paulo's time Brasília's.
"""

from django.utils.translation import gettext_noop as _

CALENDAR = (
    *(_("January"), _("February"), _("March"), _("April"), _("May"), _("June")),
    *(_("July"), _("August"), _("September"), _("October"), _("November"), _("December")),
    *(_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")),
    *(_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")),
    *(_("Sao Paulo"), _("Cuiaba"), _("Belem"), _("Maceio"), _("Araguaina"), _("Porto Velho"), _("Eirunepe"), _("Santarem")),
)
SIGNING_IN = (
    _("Email"),
    _("Email address"),
    _("The email address and/or password you specified are not correct."),
    _("Too many failed login attempts. Try again later."),
    _("Be patient, you are sending too many requests."),
    _("Invalid login."),
    _("New Password (again)"),
    _("You must type the same password each time."),
    _("Authenticator code"),
    _("You cannot deactivate two-factor authentication."),
    _("You cannot generate recovery codes without having two-factor authentication enabled."),
)
