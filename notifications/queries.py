"""What the outbox page shows."""

from notifications.models import Mail


def outbox_page(*, state: str, words: str, before: int | None, size: int = 50) -> list[Mail]:
    """Newest first, one more than `size` when there are more; `words` is looked for in address and subject."""
    mails = Mail.objects.select_related("recipient", "customer").order_by("-id")
    if state:
        mails = mails.filter(state=state)
    if words:
        mails = mails.filter(address__icontains=words) | mails.filter(subject__icontains=words)
    if before is not None:
        mails = mails.filter(pk__lt=before)
    return list(mails[: size + 1])


def parked_count(cap: int = 99) -> int:
    """How many mails need a person, counted up to one more than `cap`."""
    return Mail.objects.filter(state=Mail.State.PARKED)[: cap + 1].count()
