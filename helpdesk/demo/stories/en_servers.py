"""Stories in English: routing, recordings, clusters, monitoring and updates."""

from helpdesk.demo.stories.model import Story, asks, confirms, holds, notes, says, solves, tell_story, tells, waits

STORIES: tuple[Story, ...] = (
    tell_story(
        "softswitch",
        "technical",
        "high",
        evidence="config",
        subjects=("High CPU since the update to {version}", "routed at {percent} % CPU", "Everything slow after the update"),
        opening=(
            "We updated to {version} on Sunday and `routed` sits at {percent} % since. Calls work, the pages crawl.",
            "Since the update CPU reaches {percent} % at {hour} and post-dial delay is five seconds. It used to be 30 %.",
        ),
        turns=(
            asks("Could you run `ssctl profile routed --seconds 30` at a busy moment and attach the output?"),
            says("Attached, taken at {hour}.", evidence="config"),
            notes("80 % in regular expressions of the dial plan: {version} no longer keeps compiled ones. Development confirms."),
            tells(
                "{version} compiles each expression of your dial plan for each call. That's our defect; a fix is in test with your {count} rules."
            ),
            solves("`regex-cache on` brought you from {percent} % to 22 %, and {next_version} has it on by default."),
        ),
    ),
    tell_story(
        "recorder",
        "technical",
        "critical",
        subjects=("Disk full, recording stopped at {hour}", "/srv/recordings at 100 %", "Recorder down before an audit"),
        opening=("Recording stopped at {hour}: `/srv/recordings` is full. We must record every call, so this is **urgent**.",),
        turns=(
            tells(
                "On it. Retention is ten years, so the cleaning had nothing to remove. I moved the waveform cache (38 GB) elsewhere and recording runs again."
            ),
            asks("For the lasting fix: which retention do your contracts require?"),
            says("Five years for collections, six months for the rest.", "Legal says five years."),
            solves("Retention per queue is set and tonight's cleaning should free about {percent} %. There are alerts at 85 and 95 % now."),
        ),
    ),
    tell_story(
        "recorder",
        "functional",
        "low",
        subjects=("Data request: all recordings of {number}", "Erasing a caller's recordings", "Exporting recordings for our lawyers"),
        opening=(
            "A caller asks us to erase recordings with {number}. How do we do that with a trail of who did it?",
            "Our lawyers want all calls between {number} and {ext} of last quarter, with proof that they weren't altered.",
        ),
        turns=(
            tells(
                "*Recordings > Data subject* finds the number in any notation. Erasing takes two people and is kept in the log, without the content.",
                "*Export > Custody* makes a ZIP with audio, a CSV and signed SHA-256 sums.",
            ),
            says("Found {count}. Who may be the second person?", "Does the CSV name the agent?"),
            solves(
                "Anyone with *Privacy: confirm*. Chapter 9 of the manual has the steps.",
                "If the column is ticked in the export's template, yes.",
            ),
        ),
    ),
    tell_story(
        "monitor",
        "technical",
        "low",
        subjects=("False alarms for {trunk}", "Monitor mails every minute", "Alerts are an hour off"),
        opening=(
            "Monitor says that {trunk} is down and a minute later that it's back: {count} mails last night, not one failed call.",
            "Alerts carry a time one hour off. The server's clock is right.",
        ),
        turns=(
            tells(
                "The check runs every 10 s, but this carrier may take 12 s to answer OPTIONS. Use 30 s and three failures in a row.",
                "The agent's time zone table is from before the last rule change. Update `tzdata` and restart it.",
            ),
            confirms("Quiet night. Thanks!", "Right time now."),
        ),
    ),
    tell_story(
        "monitor",
        "functional",
        "low",
        subjects=("Exporting metrics to Prometheus", "Concurrent calls per customer in a graph", "Dashboard for the wall screen"),
        opening=(
            "Does Monitor {version} expose concurrent calls per trunk for our own Prometheus?",
            "We'd like a dashboard with {count} customers on the wall, without a password each morning.",
        ),
        turns=(
            tells(
                """It does:

                ```
                http://{ip}:9464/metrics
                sip_calls_active {{trunk="{trunk}"}} 37
                ```""",
                "*Dashboards > Share* makes a secret read-only address, which can be tied to the screen's IP.",
            ),
            says("Great. Is MOS in there too?", "Can it rotate between two?"),
            solves("`sip_mos_avg`, by trunk and minute. Appendix C lists them all.", "Add `?rotate=30`."),
        ),
    ),
    tell_story(
        "softswitch",
        "update_service",
        "medium",
        subjects=(
            "Updating the softswitch from {version} to {next_version}",
            "Help with the production update",
            "Update window for {city}",
        ),
        opening=(
            "We'd like to move from {version} to {next_version} on a Saturday night, with one of you watching and a way back.",
            "{next_version} fixes the stuck channels. Can you help us update? Our window is from 11 pm to 5 am.",
        ),
        turns=(
            tells(
                "Gladly. Backup, update the standby, switch over, watch for 30 minutes, update the other. The way back is a switch-over, about two minutes."
            ),
            holds(
                "Help with an update outside business hours: up to 4 hours at the contract's rate. An approver of your company has to accept it."
            ),
            says("Approved on our side.", "Our finance people agreed. Saturday it is."),
            solves("Both nodes run {next_version} since 2:40 am; 200 test calls, no failure."),
        ),
    ),
    tell_story(
        "sbc",
        "update_service",
        "low",
        subjects=("Updating the SBC pair without downtime", "Question before updating to {next_version}", "SBC update, lab first"),
        opening=(
            "Two SBCs in HA on {version}. The notes of {next_version} mention a new configuration format. Is the switch-over still seamless?",
            "We want to update the lab SBC ourselves and production with your help.",
        ),
        turns=(
            asks("How many calls are up during your window, and does any trunk point to a node instead of the virtual address?"),
            says("{count} at most, and everything uses the virtual address."),
            holds("Two hours of update service for the production pair. Waiting for an approver of your company."),
            solves("Done. The standby took over in 1.2 s and no call dropped. Both run {next_version}."),
        ),
    ),
    tell_story(
        "softswitch",
        "technical",
        "critical",
        evidence="cdr",
        subjects=(
            "Suspected fraud: calls to premium numbers",
            "{ext} made {count} international calls at night",
            "Abnormal traffic via {trunk}",
        ),
        opening=(
            "Between 2 and 5 am {count} calls to premium numbers abroad left from {ext}. The customer knows nothing about them. We blocked it; are there others?",
            "{trunk} warned us of abnormal traffic to high-cost destinations. CDRs attached.",
        ),
        turns=(
            tells(
                "Only {ext} registers from abroad (`{ip3}`); the rest are clean. As agreed on the phone, I blocked premium destinations for everyone until you lift it."
            ),
            notes(
                "They switched anti-fraud off in March because of a false alarm. Account management should talk to them about limits per customer."
            ),
            says("Thank you. How do we keep it from happening again?"),
            solves(
                "Anti-fraud is on with 10 international calls an hour, registration from unexpected countries is refused, passwords have 16 characters at least. The report for the police is in your mailbox."
            ),
        ),
    ),
    tell_story(
        "softswitch",
        "technical",
        "high",
        subjects=("Cluster failed over by itself at {hour}", "Standby doesn't take over", "Two active nodes"),
        opening=(
            "The switch failed over from A to B at {hour} for no reason we can see. {count} calls lost.",
            "In the monthly test the standby did not take the virtual address. Version {version}.",
        ),
        turns=(
            asks("Please send `journalctl -u ssha` of both nodes, ten minutes on either side."),
            says("Attached. I see *lost quorum* on A.", "Here. The standby says *fencing refused*.", evidence="config"),
            waits(
                "The switch between the nodes lost packets for 14 seconds, and the cluster waits for 10. Your network people have asked its maker; I'll wait for their findings.",
                "The management card of A doesn't answer, so B refuses to take over. The server's supplier replaces it this week.",
            ),
            solves("New firmware on the switch, 20 seconds in the cluster, and three tests: two seconds each."),
        ),
    ),
    tell_story(
        "softswitch",
        "functional",
        "low",
        subjects=("STIR/SHAKEN: choosing attestation", "Signing calls of resellers", "Where does the signing certificate go?"),
        opening=(
            "We have our certificate. Where does it go on {version}, and how do I choose the attestation per customer?",
            "Should calls of our resellers be signed as A or B?",
        ),
        turns=(
            tells(
                "*Security > Call authentication*. A is for your own customers with numbers you gave them, B for your customers with numbers you can't vouch for, C for transit."
            ),
            says("And calls that arrive signed?"),
            solves("They're verified and passed on untouched; the result is the CDR's `verstat` column."),
        ),
    ),
)
