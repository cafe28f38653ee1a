"""Settings of the smallest project that `./run` can start."""

from helpdesk import environment

SECRET_KEY = environment.text("SECRET_KEY")
ALLOWED_HOSTS = environment.text("ALLOWED_HOSTS").split(",")
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.staticfiles", "helpdesk"]
ROOT_URLCONF = "helpdesk.urls"
DATABASES = {"default": environment.database("DATABASE_OWNER_URL" if environment.flag("DATABASE_AS_OWNER") else "DATABASE_URL")}
CELERY_BROKER_URL = environment.queue("REDIS_URL")
TIME_ZONE = environment.zone("TIME_ZONE", "America/Sao_Paulo")
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = environment.text("STATIC_ROOT")
globals().update(environment.mail("EMAIL_URL"))
