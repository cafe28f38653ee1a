"""A ticket's story with all that staff read beside it."""

from tickets.queries.story import past_of, story, told_of, told_question_of


def the_story(found, reader):
    """As staff read it, with who was told of what."""
    past = past_of(found.ticket)
    return story(found, reader, past, for_staff=True, told=told_of(past.lines, told_question_of(past.lines).ask()))
