"""The services that carry pages: those of Apprise's that are let in, and what an address of one must not say.

Apprise knows many more, some of which write to this machine's desktop, its log or its files. Only what is named here is ever loaded.
No Django here: the courier's own process uses it too.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl, urlsplit

LONGEST = 1000
TELLING = 12  # characters of an address, from which on its last four tell its owner which it is and nobody anything else


@dataclass(frozen=True)
class Service:
    """`anywhere`: its address names the machine that is spoken to, so that a proxy is not asked to speak to it in our place."""

    name: str
    module: str
    plugin: str
    anywhere: bool = False


_SMS = {
    "twilio": Service("Twilio", "twilio", "NotifyTwilio"),
    "vonage": Service("Vonage", "vonage", "NotifyVonage"),
    "plivo": Service("Plivo", "plivo", "NotifyPlivo"),
    "msgbird": Service("MessageBird", "messagebird", "NotifyMessageBird"),
    "clickatell": Service("Clickatell", "clickatell", "NotifyClickatell"),
    "clicksend": Service("ClickSend", "clicksend", "NotifyClickSend"),
    "sinch": Service("Sinch", "sinch", "NotifySinch"),
    "bulksms": Service("BulkSMS", "bulksms", "NotifyBulkSMS"),
    "sns": Service("Amazon SNS", "sns", "NotifySNS"),
    "telnyx": Service("Telnyx", "telnyx", "NotifyTelnyx"),
}
_CHAT = {
    "tgram": Service("Telegram", "telegram", "NotifyTelegram"),
    "whatsapp": Service("WhatsApp", "whatsapp", "NotifyWhatsApp"),
    "threema": Service("Threema", "threema", "NotifyThreema"),
    "slack": Service("Slack", "slack", "NotifySlack"),
    "discord": Service("Discord", "discord", "NotifyDiscord"),
    "gchat": Service("Google Chat", "google_chat", "NotifyGoogleChat"),
    "wxteams": Service("Webex", "webexteams", "NotifyWebexTeams"),
    "zulip": Service("Zulip", "zulip", "NotifyZulip", anywhere=True),
}
_ALARM = {
    "pagerduty": Service("PagerDuty", "pagerduty", "NotifyPagerDuty"),
    "opsgenie": Service("Opsgenie", "opsgenie", "NotifyOpsgenie"),
    "signl4": Service("SIGNL4", "signl4", "NotifySIGNL4"),
    "pover": Service("Pushover", "pushover", "NotifyPushover"),
    "pbul": Service("Pushbullet", "pushbullet", "NotifyPushBullet"),
}
# With and without TLS.
_OWN_SERVER = {
    scheme + tls: service
    for scheme, service in {
        "ntfy": Service("ntfy", "ntfy", "NotifyNtfy", anywhere=True),
        "gotify": Service("Gotify", "gotify", "NotifyGotify", anywhere=True),
        "signal": Service("Signal (own server)", "signal_api", "NotifySignalAPI", anywhere=True),
        "mmost": Service("Mattermost", "mattermost", "NotifyMattermost", anywhere=True),
        "rocket": Service("Rocket.Chat", "rocketchat", "NotifyRocketChat", anywhere=True),
        "mailto": Service("Mail (own account)", "email", "NotifyEmail", anywhere=True),
        "json": Service("Webhook (JSON)", "custom_json", "NotifyJSON", anywhere=True),
        "form": Service("Webhook (form)", "custom_form", "NotifyForm", anywhere=True),
    }.items()
    for tls in ("", "s")
}
SERVICES: dict[str, Service] = _CHAT | _SMS | _ALARM | _OWN_SERVER
# Parameters that make a service read a file of this machine or an address of its own choice, by the beginning of their names.
READING = ("pgp", "template", "attach", "wkd", "avatar", "footer_logo", "config", "plugin")
# Of WhatsApp it is the name of a text that Meta approved, and no file.
HARMLESS = {("whatsapp", "template")}


class NotAllowed(ValueError):
    """The address is of no service that is let in, or asks for more than a message."""


def scheme_of(url: str) -> str:
    return url.partition("://")[0].lower() if "://" in url else ""


def service_of(url: str) -> Service | None:
    return SERVICES.get(scheme_of(url))


def plugin_for(url: str) -> Any:
    """Apprise's plugin, made from an address; Any, since it is loaded by name. Raises NotAllowed, and ValueError for what it can't read."""
    service = service_of(url)
    if service is None or len(url) > LONGEST or not url.isprintable() or _asks_for_more(url):
        raise NotAllowed
    from apprise import AppriseAsset  # noqa: PLC0415 - a fifth of a second, that only who enters or sends one pays

    found = import_module(f"apprise.plugins.{service.module}")
    plugin = getattr(found, service.plugin)
    facts = plugin.parse_url(url)
    if not facts:
        raise ValueError(f"{service.name} can't read it")
    try:
        return plugin(**facts, asset=AppriseAsset(app_id="Helpdesk", app_desc="Helpdesk", async_mode=False))
    except TypeError as error:  # what Apprise raises for a key or number of the wrong form
        raise ValueError(f"{service.name} can't read it") from error


def _asks_for_more(url: str) -> bool:
    scheme = scheme_of(url)
    query = "&".join(part for part in url.split("?")[1:])
    names = [name.lower().lstrip("+-:") for name, _value in parse_qsl(query.replace(";", "&"), keep_blank_values=True)]
    return any(name.startswith(READING) and (scheme, name) not in HARMLESS for name in names)


def shown(url: str) -> str:
    """What is shown of an address in its place: the scheme, and the last four characters of a longer one."""
    scheme, _mark, rest = url.partition("://")
    target = urlsplit(f"//{rest.partition('?')[0]}").path.strip("/") or rest.partition("?")[0].strip("/")
    return f"{scheme.lower()}://…{target[-4:]}" if len(target) >= TELLING else f"{scheme.lower()}://…"
