"""What a button does: one command, and back to a page that says what came of it."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect

from helpdesk.lib.refusals import Refusal


def act(request: HttpRequest, do: Callable[[], object], done: str, back: str, *arguments: object) -> HttpResponseRedirect:
    """Run one command and go back, with what was done or why not. `back`: an address, or a page's name with its `arguments`."""
    try:
        do()
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect(back, *arguments)
