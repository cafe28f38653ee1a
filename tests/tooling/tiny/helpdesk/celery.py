from celery import Celery

app = Celery("helpdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
