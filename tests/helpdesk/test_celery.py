"""Which task goes to which queue, and that none goes to another's."""

import pytest

from helpdesk.celery import CLOCKS, GENERAL, PAGES, app


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("notifications.tasks.relay_pages", PAGES),
        ("tickets.tasks.notice_due", CLOCKS),
        ("notifications.tasks.relay_outbox", GENERAL),
        ("tickets.tasks.verify_clocks", GENERAL),
    ],
)
def test_what_can_not_wait_has_a_queue_of_its_own(task, queue):
    assert app.amqp.router.route({}, task)["queue"].name == queue


def test_every_task_with_a_queue_of_its_own_is_one():
    app.loader.import_default_modules()

    assert set(app.conf.task_routes) <= set(app.tasks)


def test_no_two_queues_get_the_same_messages():
    keys = [(queue.exchange.name, queue.routing_key) for queue in app.amqp.queues.values()]

    assert len(set(keys)) == len(keys) == 3
