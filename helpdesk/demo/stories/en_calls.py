"""Stories in English: calls that fail, and how they sound."""

from helpdesk.demo.stories.model import Story, asks, confirms, notes, says, solves, tell_story, tells, waits

STORIES: tuple[Story, ...] = (
    tell_story(
        "sbc",
        "technical",
        "high",
        evidence="pcap",
        subjects=("One-way audio on trunk {trunk}", "Callers from {city} can't hear us", "No return audio for extension {ext}"),
        opening=(
            "Since {hour} calls out through **{trunk}** have audio in one direction only: they hear us, we hear silence. Internal calls are fine. Capture from the SBC attached (extension {ext}).",
            "We moved the {city} office to a new circuit last night. Calls connect, timers run, but nothing comes back. Roughly two calls in three. Capture attached.",
        ),
        turns=(
            asks(
                "Your 200 OK carries a private address in the `c=` line, so their RTP has nowhere to go. What does `sbcctl show realm external` print?",
                "The return RTP is sent to an address that isn't yours any more. Did the public address change with the circuit?",
            ),
            says(
                "It says `media-ip=10.20.0.5`. That can't be right, can it?",
                "It did: we are on `{ip}` now. I changed the SIP address but not the media one.",
            ),
            solves(
                """Set the media address and reload; calls in progress stay up:

                ```
                sbcctl set realm external media-ip {ip}
                sbcctl reload realm external
                ```

                My three test calls had RTP both ways.""",
            ),
        ),
    ),
    tell_story(
        "softswitch",
        "technical",
        "critical",
        evidence="sip_503",
        subjects=(
            "503 on every outbound call via {trunk}",
            "Outbound down: 503 Service Unavailable",
            "{trunk} rejects all calls since {hour}",
        ),
        opening=(
            "**Down.** Every outbound call via {trunk} gets `503 Service Unavailable` since {hour}. OPTIONS to the carrier is answered. Call-ID: `{callid}`.",
            "Nobody can dial out. About {count} customers affected. The log excerpt is attached; we restarted the service once, which did not help.",
        ),
        turns=(
            tells(
                "Picked up. The 503 is ours: no INVITE leaves towards `{ip2}`. The trunk's channel counter looks stuck at its limit. Checking.",
                "I'm on it. The calls don't reach the carrier at all; the route is marked as full.",
            ),
            notes(
                "Same pattern as defect 4417, channel not returned when CANCEL crosses 200. Fixed in {next_version}. Third site on {version} to hit it."
            ),
            asks("Please run `ssctl trunk {trunk} recount`. It drops no calls. Do they go out again?"),
            says("They do. Counter went from {count} to 4. Will this come back?", "Yes! Traffic is normal again. What happened?"),
            solves(
                "A `CANCEL` that crosses the `200 OK` leaves its channel counted on {version}. {next_version} fixes it; until then the counter is recomputed every five minutes, which I have switched on for you.",
                "A known defect of {version}, fixed in {next_version}. I've enabled a periodic recount so that you are safe until you update.",
            ),
        ),
    ),
    tell_story(
        "sbc",
        "technical",
        "medium",
        evidence="sip_488",
        subjects=("488 Not Acceptable Here from {trunk}", "Codec mismatch with the customer in {city}", "G.729-only PBX is rejected"),
        opening=(
            "A new customer in {city} has a PBX that offers G.729 only. {trunk} rejects all of its calls with 488. Everyone else uses G.711 and works.",
            "Since {trunk} replaced their gear, a third of our calls are refused with `488 Not Acceptable Here`. Example: `{callid}`.",
        ),
        turns=(
            tells(
                "The offer has payload 18 only and the carrier wants 8 or 0. Either the PBX offers PCMA too, or the SBC transcodes for that peer, which uses a DSP licence per call. Your call."
            ),
            says(
                "The PBX can't be changed. Let's transcode; we have 30 DSP channels spare.",
                "Transcode, please. How do I limit it to this one peer?",
            ),
            solves(
                """```
                sbcctl set peer {peer} codecs "PCMA,G729"
                sbcctl set peer {peer} transcode on
                ```

                No restart needed. The last 40 calls of that peer all connected.""",
            ),
        ),
    ),
    tell_story(
        "sbc",
        "technical",
        "high",
        evidence="config",
        subjects=(
            "TLS certificate of {domain} expires in {days} days",
            "Phones fail to register over TLS after renewal",
            "Certificate error on port 5061",
        ),
        opening=(
            "We renewed the certificate for `{domain}` at {hour}. Since then no phone registers over TLS. UDP works, and a browser is happy with the certificate.",
            "The certificate for `{domain}` expires in {days} days. What's the procedure to swap it without losing registrations?",
        ),
        turns=(
            asks(
                "Could you post what `openssl s_client -connect {domain}:5061 -showcerts` shows? I suspect the intermediate is missing.",
                "Is the intermediate in the file as well? Phones don't fetch it by themselves, browsers do.",
            ),
            says(
                "Only one certificate in the chain: `unable to verify the first certificate`.",
                "No, just ours. The CA sent the bundle in a separate mail.",
            ),
            solves(
                """That's it. Concatenate both, ours first, and reload:

                ```
                cat server.crt intermediate.crt > /etc/sbc/tls/fullchain.pem
                sbcctl reload tls
                ```

                Registrations over TLS are back to normal from where I look.""",
            ),
        ),
    ),
    tell_story(
        "sbc",
        "technical",
        "high",
        evidence="sip_register",
        subjects=("fail2ban blocks our carrier {trunk}", "Inbound from {trunk} blocked by attack protection", "SBC banned {ip2} overnight"),
        opening=(
            "The SBC's attack protection banned `{ip2}`, which is {trunk}. No inbound calls from {hour} until somebody noticed. Second time this week.",
            "Inbound stopped at {hour}. We found `{ip2}` in the block list and removed it. Why would a configured carrier be blocked?",
        ),
        turns=(
            tells(
                "They ran a number test and produced {count} 404s in a minute. To the SBC that is a scan. It should not apply to configured trunks, and from {next_version} on it doesn't."
            ),
            says("Can we exempt them until we update?"),
            solves(
                """Yes:

                ```
                sbcctl security allow {ip2}/32 comment "{trunk}"
                sbcctl security reload
                ```

                I checked your other trunks; none of them was ever close to the limit.""",
            ),
        ),
    ),
    tell_story(
        "sbc",
        "technical",
        "medium",
        evidence="pcap",
        subjects=(
            "SRTP: silence after resuming from hold",
            "White noise with SRTP on the new phones",
            "SRTP offer answered with the wrong tag",
        ),
        opening=(
            "With SRTP, extension {ext} goes silent exactly when a call is resumed from hold. Before the hold it is perfect. Capture attached.",
            "{count} new phones, SRTP mandatory: calls connect but we hear white noise. Switching SRTP off fixes it, which our security people won't accept.",
        ),
        turns=(
            asks("Which `a=crypto` lines do the phones offer, in which order? And could you capture hold and resume in one file?"),
            says("AES_256 first, then AES_CM_128. New capture attached, resume is at 41 s.", evidence="pcap"),
            notes(
                "Reproduced in the lab: the answer carries the tag of the first suite though the second one is chosen. Handed to development."
            ),
            solves(
                "We answer with the tag of the first suite while choosing the second: our defect, fixed in {next_version}. Until then pin `AES_CM_128_HMAC_SHA1_80` in the phone profile; with your capture that decrypts cleanly."
            ),
        ),
    ),
    tell_story(
        "sbc",
        "technical",
        "critical",
        evidence="sip_register",
        subjects=(
            "REGISTER storm after the power cut in {city}",
            "SBC overloaded: phones loop on registration",
            "Registrations don't recover since {hour}",
        ),
        opening=(
            "Power came back in {city} and every phone registers at once. CPU at {percent} %, the SBC answers 503 to nearly everything, and it doesn't settle.",
            "After the circuit flapped at {hour} phones register, drop, register. We count {count} thousand REGISTERs a minute. Nobody can call.",
        ),
        turns=(
            tells(
                """With you on the bridge. First, slow the door:

                ```
                sbcctl set overload register-rate 400
                sbcctl set overload retry-after 60-300
                ```""",
            ),
            tells("4,000 phones registered and CPU falling: 96, 81, 63 %. Keep the limit for another half hour."),
            says("We see them coming back as well. Phones on my desk are green."),
            solves(
                "All registered, CPU at 20 %. I left the limit in place: normally you stay below 60 a second. Spreading the expiry by 10 % would soften the next one."
            ),
        ),
    ),
    tell_story(
        "sbc",
        "technical",
        "medium",
        evidence="sip_488",
        subjects=("T.38 fax fails via {trunk}", "Fax drops on page two", "Law firm in {city} can't send faxes"),
        opening=(
            "One customer, a law firm in {city}, still lives by fax. Sending via {trunk} always fails when T.38 is negotiated: the re-INVITE gets 488.",
            "Faxes from {ext} send page one and drop on page two, at 9600 as well. The old trunk was fine.",
        ),
        turns=(
            waits(
                "Our re-INVITE is correct; the carrier refuses it although it announced T.38. I opened a case with them with the trace of `{callid}` and will write when they answer."
            ),
            says("Any news? The customer asks daily."),
            solves(
                "The carrier had T.38 off for your account and has enabled it. Three test faxes of four pages each went through.",
                "Their answer: not supported on this route. I set G.711 pass-through with the echo canceller off for that number; five pages at 9600, no error.",
            ),
        ),
    ),
    tell_story(
        "softswitch",
        "technical",
        "medium",
        evidence="pcap",
        subjects=("DTMF not recognised by the bank's IVR", "Digits arrive twice", "DTMF lost on {trunk}"),
        opening=(
            "Digits aren't recognised by the bank's IVR when the call goes via {trunk}. Mobiles are fine.",
            "Since we updated to {version}, digits arrive twice at the IVR of our customer in {city}: press 1, it hears 11.",
        ),
        turns=(
            asks("Could you capture a call in which you slowly press 1 2 3 4 5?"),
            says("Attached, digits start at second 12.", evidence="pcap"),
            solves(
                "They negotiate `telephone-event` and send the tone in-band too, so both count. `dtmf=rfc4733` with in-band suppression on {trunk}: five digits arrive five times.",
                "No `telephone-event` in their SDP, so this route needs `dtmf=inband`. Tested against the bank: it passes.",
            ),
        ),
    ),
    tell_story(
        "softswitch",
        "technical",
        "high",
        subjects=("Robotic voice to {city} in the afternoon", "Jitter on {trunk} between {afternoon} and 6 pm", "MOS below 3 on {trunk}"),
        opening=(
            "From {afternoon} to 6 pm calls to {city} sound robotic; average MOS 2.9. Mornings are above 4.",
            "Ping to `{ip2}` swings between 12 and 190 ms in the afternoon, and callers complain about gaps.",
        ),
        turns=(
            tells(
                "RTP reaches the switch with 4 % loss and 60 ms jitter already, from `{ip2}`. The cause is before us. I've prepared a per-hop report you can show your provider."
            ),
            waits("Your provider has our report and acknowledges congestion at hop 6. They plan to move the route; waiting for them."),
            says("They told us the change is scheduled for tonight."),
            confirms("Three days without a complaint. Please close.", "MOS 4.2 all afternoon. Solved, thank you."),
        ),
    ),
)
