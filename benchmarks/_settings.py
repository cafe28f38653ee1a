"""The helpdesk's settings with the floor beside its pages, in the same server and database."""

from helpdesk.settings import *  # noqa: F403
from helpdesk.settings import BASE_DIR, MIDDLEWARE, TEMPLATES

# The floor passes what `django-admin startproject` gives every page; ours pass the whole list.
PLAIN = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
MIDDLEWARE = ["benchmarks._floor.FloorMiddleware", *MIDDLEWARE]
TEMPLATES = [TEMPLATES[0] | {"DIRS": [*TEMPLATES[0]["DIRS"], BASE_DIR / "benchmarks" / "floor_templates"]}, *TEMPLATES[1:]]
