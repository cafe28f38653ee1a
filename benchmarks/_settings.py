"""The helpdesk's settings with the floor beside its pages, in the same server and database."""

from helpdesk.settings import *  # noqa: F403
from helpdesk.settings import BASE_DIR, LIMITS, MIDDLEWARE, TEMPLATES

MIDDLEWARE = ["benchmarks._floor.FloorMiddleware", *MIDDLEWARE]
FLOOR_TEMPLATES = {
    "NAME": "floor",
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [BASE_DIR / "benchmarks" / "floor_templates"],
    "OPTIONS": {
        "context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]
    },
}
TEMPLATES = [*TEMPLATES, FLOOR_TEMPLATES]
# One person asks for thousands of pages here: what they do is counted as always, and never too much.
LIMITS = {what: (10**9, seconds) for what, (_limit, seconds) in LIMITS.items()}
PAGES_PER_SECOND = 10**9
