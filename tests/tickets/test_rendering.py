"""The HTML that a message keeps."""

import pytest
from django.core.management import call_command

from accounts.tenancy import as_provider
from helpdesk.lib import markdown
from tests import factories as make
from tickets.models import Message

pytestmark = pytest.mark.django_db


def kept():
    with as_provider():
        return list(Message.objects.order_by("pk").values_list("html", "html_version"))


def test_a_message_keeps_its_html(world):
    make.ticket(world.contract, world.softswitch, world.ada, description="**Down** <script>")

    assert kept() == [("<p><strong>Down</strong> &lt;script&gt;</p>\n", markdown.VERSION)]


def test_html_of_another_renderer_is_not_shown(world):
    message = Message(body="**Down**", html="<script>", html_version=markdown.VERSION - 1)

    assert message.shown == "<p><strong>Down</strong></p>\n"


def test_old_html_is_made_anew(world):
    for text in ("*one*", "*two*"):
        make.ticket(world.contract, world.softswitch, world.ada, description=text)
    with as_provider():
        Message.objects.filter(body="*one*").update(html=None, html_version=0)

    call_command("render_messages", verbosity=0)

    assert kept() == [("<p><em>one</em></p>\n", markdown.VERSION), ("<p><em>two</em></p>\n", markdown.VERSION)]
