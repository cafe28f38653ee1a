"""Stories in English: bills, extensions, queues and voicemail."""

from helpdesk.demo.stories.model import Story, asks, confirms, notes, says, solves, tell_story, tells

STORIES: tuple[Story, ...] = (
    tell_story(
        "billing",
        "technical",
        "high",
        evidence="cdr",
        subjects=("CDRs missing on {day} from {hour}", "Gap in call records", "Minutes differ between switch and billing"),
        opening=(
            "On {day} billing has {count} calls fewer than the switch. All of the difference is after {hour}. Our count per hour is attached.",
            "Closing the invoice of {peer}, we found no calls at all on {day} after {hour}, though they were talking all evening.",
        ),
        turns=(
            tells(
                "The files are on the switch; collection stopped at one with a truncated line and everything behind it is queued. Nothing is lost."
            ),
            notes("Truncated at rotation: the switch's disk was full for minutes. Check that their disk alert is on."),
            asks(
                "May I reprocess {day}? Calls already billed aren't duplicated, but that day's reports are unavailable for about 20 minutes."
            ),
            says("Go ahead.", "After 6 pm our time, please."),
            solves(
                """Done:

                ```
                files read       : 48
                new calls        : {count}
                already present  : 91,207
                rejected lines   : 1  (kept in rejects/)
                ```

                Totals match the switch now.""",
            ),
        ),
    ),
    tell_story(
        "billing",
        "technical",
        "medium",
        evidence="cdr",
        subjects=("Rounding: invoice off by cents", "30/6 plan charges 42 seconds for a 31-second call", "Duration rounded twice"),
        opening=(
            "{peer} disputes an invoice: with 30/6 they get {cents} less than we charged. I checked ten calls and they seem right. Sheet attached.",
            "A call of 31 seconds is charged as 42 instead of 36. Only on routes to {city}.",
        ),
        turns=(
            asks("Does that route have an exception by area on top of the plan? A screenshot or export of both would help."),
            says("It does: plan 30/6, exception 6/6. Export attached.", evidence="cdr"),
            solves(
                "Confirmed: rounded by the plan and again by the exception. Fixed in {next_version}; I re-rated this month for the customer, a difference of {cents}.",
                "The exception has a minimum of 42 seconds. With 30 in that field, 31 s becomes 36.",
            ),
        ),
    ),
    tell_story(
        "billing",
        "functional",
        "low",
        evidence="cdr",
        subjects=("Importing the rate sheet of {trunk}", "Rate import refuses our CSV", "Raising {count} rates at once"),
        opening=(
            "{trunk} sent new rates for {count} prefixes, valid from the 1st. The importer says *unknown column*. Which format does it want?",
            "We need to raise {count} rates by 4.2 % from the 1st without touching calls made before. Can that be done in one go?",
        ),
        turns=(
            tells(
                """This one, with a start date on each line:

                ```
                prefix;description;per_min;starts
                4420;London;0.0120;{isodate}
                ```

                A start in the future leaves past calls alone.""",
            ),
            says("Accepted now. Can an import be undone?", "12 lines are refused as *repeated prefix*."),
            solves(
                "Each import is a batch that can be undone until a call has used it.",
                "Those have a rate with the same start already; tick *replace*.",
            ),
        ),
    ),
    tell_story(
        "billing",
        "technical",
        "medium",
        subjects=("Month-end run stuck at 83 %", "Invoice PDF for {peer} isn't produced", "Month-end takes hours"),
        opening=(
            "The month-end run has been at 83 % since {hour}. Last month it took 15 minutes. Can I cancel it?",
            "All PDFs are out except the one for {peer}, which stays *in progress*.",
        ),
        turns=(
            tells(
                "Please don't cancel: it's alive but slow, an index is missing on a table that grew a lot. I'm adding it while it runs.",
                "A character in their trade name isn't in the font. I'm working around it.",
            ),
            solves(
                "It finished four minutes after the index was there, and the total equals the preview. {next_version} ships that index.",
                "The PDF is there. {next_version} has a font that covers it.",
            ),
        ),
    ),
    tell_story(
        "pbx",
        "technical",
        "medium",
        subjects=("Licence limit reached at {count} extensions", "Can't create extension {ext}: licence", "Licence count doesn't go down"),
        opening=(
            "Creating {ext} fails with *licence limit ({count})*. We deleted a dozen extensions last week and the count didn't move.",
            "We bought more licences last month and the system still says {count}. A new team starts tomorrow morning.",
        ),
        turns=(
            asks("Please export the request file in *System > Licence* and attach it."),
            says("Attached. We did replace the server in {city}, if that matters.", evidence="config"),
            notes("Issued for the old server's id. Reissued; tell sales to correct their record."),
            solves(
                "It was bound to the old server. The new file is in your mailbox; upload it under *System > Licence*.",
                "Deleted extensions stay in the bin for 30 days and count. Emptying it frees them.",
            ),
        ),
    ),
    tell_story(
        "pbx",
        "functional",
        "low",
        subjects=("Queue {queue}: announce position", "Queue announcement plays too fast", "Expected waiting time in {queue}"),
        opening=(
            "Queue *{queue}* should announce position and waiting time every 40 seconds. The option is ticked, but only music plays.",
            "We uploaded a new WAV for *{queue}* and it plays like a chipmunk.",
        ),
        turns=(
            tells(
                "The queue needs *Language of announcements* set; it inherited an empty one. `en` will do.",
                "It has to be mono, 8 kHz, 16 bit: `sox in.wav -r 8000 -c 1 -b 16 out.wav`.",
            ),
            confirms("Works, thanks.", "Perfect now."),
        ),
    ),
    tell_story(
        "pbx",
        "functional",
        "low",
        subjects=("Bank holiday greeting", "IVR: half day before Christmas", "Scheduling opening hours in advance"),
        opening=(
            "How do I make the main IVR play the bank holiday greeting and return by itself the day after?",
            "We close at noon on two days in December. I'd like to schedule it now.",
        ),
        turns=(
            tells(
                "*Calendars > New > Dates* with the day and hours, then *IVR > Destinations > When closed*. *Simulate date* lets you hear it beforehand."
            ),
            confirms("Simulated it, works. Thank you.", "Exactly what I needed."),
        ),
    ),
    tell_story(
        "pbx",
        "functional",
        "medium",
        evidence="config",
        subjects=("API answers 401", "Click-to-dial from our CRM", "How does the CRM authenticate?"),
        opening=(
            "Every call to the extensions API gets `401`, though the same user signs in on the web.",
            "We want click-to-dial: ring my phone, then dial the customer. Which call is that?",
        ),
        turns=(
            tells(
                """The API wants a key of its own:

                ```
                curl -H "Authorization: Bearer $KEY" https://{domain}/api/v2/extensions/{ext}
                ```

                Make one in *System > Keys*, with scope and expiry.""",
                """Originate, with the phone that rings first:

                ```
                curl -X POST -H "Authorization: Bearer $KEY" -d from={ext} -d to={number} https://{domain}/api/v2/calls
                ```""",
            ),
            says("Works. Is there a rate limit?", "It rings! Can it show the customer's name?"),
            solves(
                "120 a minute per key; beyond that `429` with `Retry-After`.", "Add `-d display=Name`; phones with a text display show it."
            ),
        ),
    ),
    tell_story(
        "pbx",
        "technical",
        "low",
        subjects=("Voicemail no longer arrives by mail", "Voicemail mail for {ext} is empty", "Voicemail attachment won't play"),
        opening=(
            "Voicemail of {ext} hasn't been mailed for {days} days; by phone the messages are there.",
            "The attachment doesn't play on a mobile. On the computer it does.",
        ),
        turns=(
            tells(
                "Your mail provider wants authentication now: `530 5.7.0` in the log since {day}.",
                "It's GSM in a WAV, which mobiles don't play. Choose MP3 in *Voicemail > Format*.",
            ),
            confirms("Sorted, thank you.", "That fixed it."),
        ),
    ),
    tell_story(
        "pbx",
        "technical",
        "medium",
        evidence="sip_register",
        subjects=(
            "Remote extensions stop ringing after a few minutes",
            "{city} branch can't receive calls",
            "Home workers: {ext} only rings right after dialling",
        ),
        opening=(
            "Extensions at the {city} branch can call out, but after about three idle minutes they no longer ring. After an outgoing call they ring again for a while.",
            "People at home say their phone (for example {ext}) rings only if they used it just before.",
        ),
        turns=(
            tells(
                "The branch router forgets its UDP mapping. Registration is refreshed every 3600 s and nothing keeps the port open. Use the *Remote* profile: it sends OPTIONS every 25 s."
            ),
            confirms("Changed for {count} extensions and all of them ring since. Thanks!", "That did it, tested over the weekend."),
        ),
    ),
    tell_story(
        "pbx",
        "technical",
        "medium",
        evidence="sip_488",
        subjects=("Attended transfer drops the call", "Calls drop when {ext} transfers", "REFER refused between sites"),
        opening=(
            "When reception ({ext}) does an attended transfer, the call drops as she hangs up. Blind transfer works. Since Monday.",
            "Transfers between head office and {city} drop; within one site they work. Version {version}.",
        ),
        turns=(
            tells(
                "The `REFER` with `Replaces` is refused at the SBC between the sites. *Local transfer* in the receptionist's profile avoids it; may I switch it on?"
            ),
            says("Yes, any time after 7 pm.", "Please do."),
            solves("Done, and ten transfers from {ext} went through."),
        ),
    ),
)
