"""The stories of the demo's tickets, by language."""

from helpdesk.demo.stories import en_calls, en_offices, en_servers, pt_calls, pt_offices, pt_servers
from helpdesk.demo.stories.model import Story

BY_LANGUAGE: dict[str, tuple[Story, ...]] = {
    "pt-br": pt_calls.STORIES + pt_offices.STORIES + pt_servers.STORIES,
    "en": en_calls.STORIES + en_offices.STORIES + en_servers.STORIES,
}
