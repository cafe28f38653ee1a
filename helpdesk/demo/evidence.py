"""Small evidence files as customers attach them: SIP logs, packet captures, call records, configurations.

Addresses are from the ranges reserved for documentation, names from reserved domains.
"""

import ipaddress
import struct
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random


def make(kind: str, rng: Random, words: Mapping[str, str], at: datetime) -> tuple[str, bytes]:
    """A file's name and contents, of one of KINDS."""
    return KINDS[kind](rng, words, at)


def _message(at: datetime, direction: str, first_line: str, words: Mapping[str, str], *, sequence: str, body: str = "") -> str:
    lines = [
        f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} {direction}",
        first_line,
        f"Via: SIP/2.0/UDP {words['ip']}:5060;branch=z9hG4bK{words['branch']};rport",
        f"From: <sip:{words['ext']}@{words['domain']}>;tag={words['branch'][:8]}",
        f"To: <sip:{words['digits']}@{words['ip2']}>",
        f"Call-ID: {words['callid']}",
        f"CSeq: {sequence}",
        "Max-Forwards: 70",
        f"User-Agent: SIPPulse/{words['version']}",
    ]
    if body:
        lines.append("Content-Type: application/sdp")
    lines += [f"Content-Length: {len(body)}", "", body]
    return "\r\n".join(lines) + "\r\n"


def _sdp(address: str, payloads: str) -> str:
    rows = {"0": "PCMU/8000", "8": "PCMA/8000", "18": "G729/8000", "101": "telephone-event/8000"}
    lines = ["v=0", f"o=- 1402 1402 IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0", f"m=audio 18234 RTP/AVP {payloads}"]
    lines += [f"a=rtpmap:{payload} {rows[payload]}" for payload in payloads.split()]
    return "\r\n".join([*lines, "a=sendrecv", ""])


def _call(status: str, payloads: str) -> Callable[[Random, Mapping[str, str], datetime], tuple[str, bytes]]:
    def write(rng: Random, words: Mapping[str, str], at: datetime) -> tuple[str, bytes]:
        parts = []
        for attempt in range(rng.randint(2, 4)):
            start = at - timedelta(minutes=rng.randint(4, 50), milliseconds=rng.randrange(1000))
            invite = f"INVITE sip:{words['digits']}@{words['ip2']} SIP/2.0"
            each = {
                **words,
                "branch": f"{rng.getrandbits(48):012x}",
                "callid": words["callid"] if attempt == 0 else f"{rng.getrandbits(40):010x}@{words['ip']}",
            }
            parts.append(
                _message(
                    start,
                    f"SEND {words['ip']}:5060 -> {words['ip2']}:5060",
                    invite,
                    each,
                    sequence="1 INVITE",
                    body=_sdp(words["ip"], payloads),
                )
            )
            for delay, line in ((28, "SIP/2.0 100 Trying"), (rng.randint(60, 900), f"SIP/2.0 {status}")):
                parts.append(
                    _message(
                        start + timedelta(milliseconds=delay),
                        f"RECV {words['ip2']}:5060 -> {words['ip']}:5060",
                        line,
                        each,
                        sequence="1 INVITE",
                    )
                )
            parts.append(
                _message(
                    start + timedelta(milliseconds=910),
                    f"SEND {words['ip']}:5060 -> {words['ip2']}:5060",
                    invite.replace("INVITE", "ACK"),
                    each,
                    sequence="1 ACK",
                )
            )
        name = f"sip-{words['trunk'].lower()}-{at:%Y%m%d-%H%M}.log"
        return name, "\r\n".join(parts).encode()

    return write


def _registers(rng: Random, words: Mapping[str, str], at: datetime) -> tuple[str, bytes]:
    lines = []
    moment = at - timedelta(minutes=rng.randint(10, 40))
    for _line in range(rng.randint(50, 90)):
        moment += timedelta(milliseconds=rng.randint(3, 400))
        source = f"198.51.100.{rng.randint(2, 250)}"
        verdict = rng.choice(("401 Unauthorized", "200 OK", "503 Service Unavailable", "408 Request Timeout"))
        lines.append(
            f"{moment:%b %d %H:%M:%S} edge01 sbc[2214]: REGISTER sip:{rng.randint(1000, 8999)}@{words['domain']} from {source}:{rng.randint(1025, 65000)} -> {verdict}"
        )
    lines.append(f"{moment:%b %d %H:%M:%S} edge01 fail2ban.actions[901]: NOTICE [sip-scan] Ban {words['ip2']}")
    return f"register-{at:%Y%m%d}.log", ("\n".join(lines) + "\n").encode()


def _call_records(rng: Random, words: Mapping[str, str], at: datetime) -> tuple[str, bytes]:
    lines = ["start;caller;called;trunk;seconds;billed;cause;amount"]
    moment = at - timedelta(days=1, hours=6)
    for _line in range(rng.randint(40, 80)):
        moment += timedelta(seconds=rng.randint(5, 500))
        seconds = rng.choice((0, rng.randint(1, 59), rng.randint(60, 900)))
        billed = 0 if seconds == 0 else max(30, -(-seconds // 6) * 6)
        cause = "487" if seconds == 0 else "200"
        lines.append(
            f"{moment:%Y-%m-%d %H:%M:%S};{rng.randint(1000, 8999)};{words['digits']};{words['trunk']};{seconds};{billed};{cause};{billed * 0.0007:.4f}"
        )
    return f"cdr-{moment:%Y-%m-%d}.csv", ("\n".join(lines) + "\n").encode()


def _configuration(rng: Random, words: Mapping[str, str], at: datetime) -> tuple[str, bytes]:
    text = f"""# exported {at:%Y-%m-%d %H:%M}  version {words["version"]}
[realm.external]
interface = eth1
sip-ip    = {words["ip"]}
media-ip  = {words["ip"]}
ports     = {rng.choice(("10000-20000", "16384-32767"))}

[trunk.{words["trunk"]}]
peer      = {words["ip2"]}:5060
channels  = {rng.choice((60, 120, 240, 480))}
codecs    = PCMA,G729
options   = {rng.choice((10, 30, 60))}s

[tls]
certificate = /etc/sbc/tls/fullchain.pem
minimum     = 1.2
"""
    return rng.choice(("export.conf", "sbc.conf", f"config-{at:%Y%m%d}.txt")), text.encode()


def _checksum(data: bytes) -> int:
    total = sum(int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _packet(source: str, target: str, port: int, target_port: int, payload: bytes) -> bytes:
    """An Ethernet frame with IPv4 and UDP; a UDP checksum of 0 means none."""
    udp = struct.pack("!HHHH", port, target_port, 8 + len(payload), 0) + payload
    addresses = ipaddress.IPv4Address(source).packed + ipaddress.IPv4Address(target).packed
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0x1D0A, 0x4000, 64, 17, 0) + addresses
    header = header[:10] + struct.pack("!H", _checksum(header)) + header[12:]
    ethernet = bytes.fromhex("02005e10000102005e1000020800")
    return ethernet + header + udp


def _capture(rng: Random, words: Mapping[str, str], at: datetime) -> tuple[str, bytes]:
    """The beginning of a call as tcpdump would have written it: INVITE, 200, ACK, and RTP in one direction."""
    ours, theirs = words["ip"], words["ip2"]
    invite = _message(at, "", f"INVITE sip:{words['digits']}@{theirs} SIP/2.0", words, sequence="1 INVITE", body=_sdp(ours, "8 101")).split(
        "\r\n", 1
    )[1]
    okay = _message(at, "", "SIP/2.0 200 OK", words, sequence="1 INVITE", body=_sdp(theirs, "8 101")).split("\r\n", 1)[1]
    ack = _message(at, "", f"ACK sip:{words['digits']}@{theirs} SIP/2.0", words, sequence="1 ACK").split("\r\n", 1)[1]
    frames = [
        (0.0, _packet(ours, theirs, 5060, 5060, invite.encode())),
        (0.41, _packet(theirs, ours, 5060, 5060, okay.encode())),
        (0.43, _packet(ours, theirs, 5060, 5060, ack.encode())),
    ]
    stream = rng.getrandbits(32)
    for number in range(rng.randint(8, 20)):
        rtp = struct.pack("!BBHII", 0x80, 8, number, number * 160, stream) + bytes([0xD5]) * 160
        frames.append((0.5 + number * 0.02, _packet(ours, theirs, 18234, 20110, rtp)))
    began = at.timestamp() - rng.randint(600, 3000)
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for offset, frame in frames:
        seconds, fraction = divmod(began + offset, 1)
        out += struct.pack("<IIII", int(seconds), int(fraction * 1_000_000), len(frame), len(frame)) + frame
    return f"capture-{words['ext']}.pcap", out


KINDS: dict[str, Callable[[Random, Mapping[str, str], datetime], tuple[str, bytes]]] = {
    "sip_503": _call("503 Service Unavailable", "8 18 101"),
    "sip_488": _call("488 Not Acceptable Here", "18 101"),
    "sip_register": _registers,
    "cdr": _call_records,
    "config": _configuration,
    "pcap": _capture,
}
