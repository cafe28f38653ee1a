"""Taking signals in, duplicates, and signs of life, against the least that could do the same: python -m benchmarks.monitoring [--rounds N].

`accept`: a signal over HTTP against a plain Django page whose query finds no rows. `duplicates`: ten thousand deliveries of one alert,
stored and worked on, against as many bare insertions of the same row. `lateness`: the sweep over a hundred thousand heartbeats that are in
time against one over a thousand, as shares of an empty scope. What is measured and its counterpart take turns. The last line is one JSON
object with the ratios.
"""

import argparse
import http.client
import json
import statistics
import sys
import time
from collections.abc import Callable

import django

LIMITS = {"accept": 1.5, "duplicates": 2.0, "lateness": 1.5}
CHUNK = 500
BEATS, FEW_BEATS = 100_000, 1_000
SWEEPS = 60
WORKERS = 2


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench monitoring")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--duplicates", type=int, default=10_000)
    arguments = parser.parse_args()
    django.setup()
    from benchmarks._watching import Site  # noqa: PLC0415 - needs Django's models

    site = Site.made()
    ratios = {
        "accept": _accept(site.floor_cookies(), site.token, site.body, arguments.rounds),
        "duplicates": _duplicates(arguments.duplicates, site.insert_bare, site.accept, site.work),
        "lateness": _lateness(site.fill_heartbeats, site.sweep_heartbeats, site.ask_nothing),
    }
    site.check()
    for name, ratio in ratios.items():
        print(f"{name:<12} ratio {ratio:>6.2f}   limit {LIMITS[name]}")
    print(json.dumps({"bench": "monitoring", "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()}}))


def _accept(cookies: dict[str, str], token: str, body: bytes, rounds: int) -> float:
    from benchmarks._load import Browser, served  # noqa: PLC0415 - beside the others

    with served("benchmarks._settings", WORKERS) as (port, _pid):
        floor, line = Browser(port, cookies), http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        times: tuple[list[float], list[float]] = ([], [])
        for number in range(rounds + rounds // 10):
            asked = floor.get("/floor/").seconds, _post(line, token, body)
            if number >= rounds // 10:
                for kept, seconds in zip(times, asked, strict=True):
                    kept.append(seconds)
    least, ours = (statistics.median(kept) * 1000 for kept in times)
    print(f"accept       {ours:>8.2f} ms   floor {least:>8.2f} ms", flush=True)
    return ours / least


def _post(line: http.client.HTTPConnection, token: str, body: bytes) -> float:
    """Seconds from the first byte sent to the last one received."""
    begun = time.perf_counter()
    line.request("POST", "/monitoring/in/alertmanager", body, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    answer = line.getresponse()
    said = answer.read()
    seconds = time.perf_counter() - begun
    if answer.status != 202:
        sys.exit(f"The signal was answered with {answer.status}: {said!r}")
    return seconds


def _duplicates(count: int, insert_bare: Callable[[], None], accept: Callable[[], object], work: Callable[[], int]) -> float:
    bare = ours = 0.0
    worked = 0
    for _chunk in range(count // CHUNK):
        begun = time.perf_counter()
        for _each in range(CHUNK):
            insert_bare()
        bare += time.perf_counter() - begun
        begun = time.perf_counter()
        for _each in range(CHUNK):
            accept()
        worked += work()
        ours += time.perf_counter() - begun
    assert worked >= count, "every one was worked on"
    print(f"duplicates   {ours / count * 1e3:>8.3f} ms   bare  {bare / count * 1e3:>8.3f} ms", flush=True)
    return ours / bare


def _lateness(fill: Callable[[int], None], sweep: Callable[[], int], ask_nothing: Callable[[], None]) -> float:
    """The sweeps can't take turns with each other: each is held against the same scope with nothing in it, asked in turn with it."""
    shares = {}
    for count in (FEW_BEATS, BEATS):
        fill(count)
        fastest = [float("inf"), float("inf")]
        for _turn in range(SWEEPS):
            for place, ask in enumerate((sweep, ask_nothing)):
                begun = time.perf_counter()
                assert not ask(), "all are in time"
                fastest[place] = min(fastest[place], time.perf_counter() - begun)
        shares[count] = fastest[0] / fastest[1]
        print(f"lateness     {fastest[0] * 1000:>8.2f} ms   bare  {fastest[1] * 1000:>8.2f} ms   of {count:,}", flush=True)
    return shares[BEATS] / shares[FEW_BEATS]


if __name__ == "__main__":
    main()
