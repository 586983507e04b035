#!/usr/bin/env python3
"""Writes manhattan.city from the pyhailing 0.0.9 wheel. Python 3.8 or later, standard library only.

    pip download --no-deps pyhailing==0.0.9
    python3 simulations/data/convert.py pyhailing-0.0.9-py3-none-any.whl

Lives here: reading the wheel, putting its mislabelled speeds right, projecting its outlines, packing the file.
Stays out: everything the Rust side decides; the format is described byte by byte in README.md beside this file.
Touch with care: `unscrambled_speeds` (it relies on how the source was mixed up, and checks that it was), and
the layout of `trips` and `speeds`, which `src/city/file.rs` undoes.
"""

import argparse
import csv
import datetime
import hashlib
import io
import json
import math
import os
import struct
import sys
import zipfile
import zlib

WHEEL_SHA256 = "1b904591a65d60336267d0a3d1d63e4c62b7ff27076aa7dbe21c666f8b1443d2"
MAGIC = b"\x89HCITY\r\n"  # a high bit and a CRLF: a transfer in text mode breaks it visibly
VERSION = 1
CITY = "Manhattan, New York City"
AXIS_BEARING_DEG = 29.0  # the avenues, clockwise from north
BINS = 96  # of 15 minutes
HOURS = 24
DAYS = 5  # 0 is Monday
# US federal holidays of 2018 as observed; the source says "business days of 2018" and no more.
HOLIDAYS = [(1, 1), (1, 15), (2, 19), (5, 28), (7, 4), (9, 3), (10, 8), (11, 12), (11, 22), (12, 25)]
TRIPS_IN_SOURCE = 110_932_862


def stop(message):
    """Ends the run with a message: what was expected, what was found."""
    raise SystemExit(f"convert.py: {message}")


class Progress:
    """A line on stderr that is rewritten in place, only when a person is looking."""

    def __init__(self):
        self.shown = sys.stderr.isatty()

    def say(self, step, done=0, of=0):
        if self.shown:
            share = f" {100 * done // of:3d}%" if of else ""
            print(f"\r\x1b[K{step}{share}", end="", file=sys.stderr, flush=True)

    def end(self):
        if self.shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


# --- reading the wheel -------------------------------------------------------------------------------------


def open_wheel(path):
    """The wheel as a zip, once its sha256 is the one this script was written for."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as problem:
        stop(f"cannot read {path}: {problem.strerror}")
    found = hashlib.sha256(data).hexdigest()
    if found != WHEEL_SHA256:
        stop(f"{path} has sha256 {found}, expected {WHEEL_SHA256} (pyhailing-0.0.9-py3-none-any.whl)")
    return zipfile.ZipFile(io.BytesIO(data))


def rows(wheel, name, header, progress):
    """The rows of a CSV inside the wheel, after checking its header."""
    data = wheel.read(f"pyhailing/data/{name}").decode("utf-8")
    total = data.count("\n")
    reader = csv.reader(io.StringIO(data))
    found = next(reader)
    if found != header:
        stop(f"{name} has columns {found}, expected {header}")
    for number, row in enumerate(reader):
        if number % 50_000 == 0:
            progress.say(f"reading {name}", number, total)
        yield row


def read_zones(wheel):
    """[(zone id, name, polygons)] by zone id; polygons are lists of rings of UTM (x km, y km)."""
    features = json.loads(wheel.read("pyhailing/data/taxizones.geojson"))["features"]
    zones = []
    for feature in features:
        kind, coordinates = feature["geometry"]["type"], feature["geometry"]["coordinates"]
        if kind not in ("Polygon", "MultiPolygon"):
            stop(f"zone {feature['properties']['zone_id']} is a {kind}, expected a Polygon or a MultiPolygon")
        polygons = [coordinates] if kind == "Polygon" else coordinates
        zones.append((int(feature["properties"]["zone_id"]), feature["properties"]["zone_name"], polygons))
    return sorted(zones)


def read_trips(wheel, index, progress):
    """Trips of the whole year as [pickup][dropoff][day][bin], flat."""
    zones = len(index)
    trips = [0] * (zones * zones * DAYS * BINS)
    for dow, at, pickup, dropoff, count in rows(
        wheel, "trips.csv", ["dow", "t_15min", "puzone", "dozone", "n_trips"], progress
    ):
        day, at, count = int(dow), int(at), int(count)
        if not (0 <= day < DAYS and 0 <= at < BINS and 0 < count < 65_536):
            stop(f"trips.csv: dow {dow}, t_15min {at}, n_trips {count} is out of range")
        cell = ((index[int(pickup)] * zones + index[int(dropoff)]) * DAYS + day) * BINS + at
        if trips[cell]:
            stop(f"trips.csv: dow {dow}, t_15min {at}, {pickup} to {dropoff} comes twice")
        trips[cell] = count
    if sum(trips) != TRIPS_IN_SOURCE:
        stop(f"trips.csv holds {sum(trips)} trips, expected {TRIPS_IN_SOURCE}")
    return trips


def unscrambled_speeds(wheel, index, progress):
    """Speeds in mm/s on the hour as [from][to][hour], flat; and the worst error against the source, in mm/s.

    The source's labels are mixed up. Its values come in blocks of 96, one block per zone pair in the order of
    zone ids, each block one day in 15-minute steps that begins at 00:00, 06:00, 12:00, 18:00, 00:00 and so on
    in turn; its labels were laid over that as if a pair had 24 rows. README.md has the evidence. Inside a block
    the values are straight lines between full hours, so the 24 hourly values are the whole information; this is
    checked for each of them.
    """
    zones = len(index)
    ids = sorted(index)
    values = []
    for number, row in enumerate(
        rows(wheel, "speeds.csv", ["puzone", "dozone", "min", "speed_mean", "speed_stddev"], progress)
    ):
        pair = number // HOURS % (zones * zones)
        label = [str(ids[pair // zones]), str(ids[pair % zones]), str(number % BINS * 15)]
        if row[:3] != label:
            stop(f"speeds.csv row {number + 2}: labels {row[:3]}, expected the known mix-up {label}")
        values.append(float(row[3]) * 1e6)
    if len(values) != zones * zones * BINS:
        stop(f"speeds.csv has {len(values)} rows, expected {zones * zones * BINS}")
    speeds, worst = [], 0.0
    for pair in range(zones * zones):
        block = values[pair * BINS : (pair + 1) * BINS]
        turn = 24 * (pair % 4)  # bins; the block's first value is for 00:00, 06:00, 12:00 or 18:00
        day = block[BINS - turn :] + block[: BINS - turn]
        exact = day[::4]
        hourly = [round(value) for value in exact]
        for at in range(BINS):
            hour, quarter = at // 4, at % 4
            line = exact[hour] + (exact[(hour + 1) % HOURS] - exact[hour]) * quarter / 4
            if abs(line - day[at]) > 1e-3:
                stop(f"speeds.csv: pair {pair}, bin {at} is {day[at]} mm/s, expected {line} between its hours")
            stored = hourly[hour] + (hourly[(hour + 1) % HOURS] - hourly[hour]) * quarter / 4
            worst = max(worst, abs(stored - day[at]))
        if not all(0 < value < 65_536 for value in hourly):
            stop(f"speeds.csv: pair {pair} has a speed outside 1 to 65,535 mm/s")
        speeds += hourly
    return speeds, worst


def days_counted():
    """How many Mondays, Tuesdays, ... Fridays of 2018 were no holiday."""
    counted = [0] * DAYS
    day = datetime.date(2018, 1, 1)
    while day.year == 2018:
        if day.weekday() < DAYS and (day.month, day.day) not in HOLIDAYS:
            counted[day.weekday()] += 1
        day += datetime.timedelta(days=1)
    return counted


def wgs84(x_km, y_km):
    """(latitude, longitude) in degrees of a point of UTM zone 18N; good to 1 mm here.

    J. P. Snyder, Map Projections: A Working Manual, USGS PP 1395 (1987), p. 63.
    """
    a, f, k0 = 6378137.0, 1 / 298.257223563, 0.9996
    e2 = f * (2 - f)
    ep2 = e2 / (1 - e2)
    x, y = x_km * 1000 - 500_000, y_km * 1000
    mu = y / k0 / (a * (1 - e2 / 4 - 3 * e2**2 / 64 - 5 * e2**3 / 256))
    e1 = (1 - math.sqrt(1 - e2)) / (1 + math.sqrt(1 - e2))
    p = mu + (3 * e1 / 2 - 27 * e1**3 / 32) * math.sin(2 * mu)
    p += (21 * e1**2 / 16 - 55 * e1**4 / 32) * math.sin(4 * mu)
    p += 151 * e1**3 / 96 * math.sin(6 * mu) + 1097 * e1**4 / 512 * math.sin(8 * mu)
    c, t = ep2 * math.cos(p) ** 2, math.tan(p) ** 2
    n = a / math.sqrt(1 - e2 * math.sin(p) ** 2)
    r = a * (1 - e2) / (1 - e2 * math.sin(p) ** 2) ** 1.5
    d = x / (n * k0)
    latitude = p - n * math.tan(p) / r * (
        d**2 / 2
        - (5 + 3 * t + 10 * c - 4 * c**2 - 9 * ep2) * d**4 / 24
        + (61 + 90 * t + 298 * c + 45 * t**2 - 252 * ep2 - 3 * c**2) * d**6 / 720
    )
    longitude = d - (1 + 2 * t + c) * d**3 / 6
    longitude += (5 - 2 * c + 28 * t - 3 * c**2 + 8 * ep2 + 24 * t**2) * d**5 / 120
    return math.degrees(latitude), math.degrees(longitude / math.cos(p)) - 75.0


# --- packing -----------------------------------------------------------------------------------------------


def varint(value):
    """A signed number, zigzag and LEB128: small ones take one byte."""
    value = value << 1 if value >= 0 else (-value << 1) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(value):
    data = value.encode("utf-8")
    return struct.pack("<B", len(data)) + data


def packed_zones(zones):
    """Outlines in whole microdegrees; a ring's first point in full, the rest as steps."""
    out = bytearray()
    for zone_id, name, polygons in zones:
        out += struct.pack("<H", zone_id) + text(name) + struct.pack("<H", len(polygons))
        for polygon in polygons:
            out += struct.pack("<H", len(polygon))
            for ring in polygon:
                points = [tuple(round(1e6 * degrees) for degrees in wgs84(x, y)) for x, y in ring]
                if points[0] == points[-1]:
                    points.pop()  # GeoJSON repeats the first point; a ring closes itself
                points = [p for i, p in enumerate(points) if p != points[i - 1]]
                if len(points) < 3:
                    stop(f"zone {zone_id} has a ring of {len(points)} points, expected 3 or more")
                out += struct.pack("<I", len(points)) + struct.pack("<ii", *points[0])
                for before, after in zip(points, points[1:]):
                    out += varint(after[0] - before[0]) + varint(after[1] - before[1])
    return bytes(out)


def packed_numbers(numbers):
    """16-bit numbers as steps (zigzag, modulo 65,536), all low bytes first, then all high bytes."""
    low, high, before = bytearray(len(numbers)), bytearray(len(numbers)), 0
    for i, value in enumerate(numbers):
        step = (value - before) & 0xFFFF
        step = step << 1 if step < 0x8000 else ((0x10000 - step) << 1) - 1
        low[i], high[i] = step & 0xFF, step >> 8
        before = value
    return bytes(low + high)


def section(name, raw):
    """A named, zlib-packed part of the payload. Z_FILTERED suits noise around small steps best here."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_FILTERED)
    packed = packer.compress(raw) + packer.flush()
    return struct.pack("<8sII", name.encode("ascii"), len(raw), len(packed)) + packed


def city_file(zones, trips, speeds, progress):
    """The whole file."""
    counted = days_counted()
    about = text(CITY) + struct.pack("<iBHBH", round(AXIS_BEARING_DEG * 1e6), DAYS, BINS, HOURS, len(zones))
    parts = [
        ("city", about),
        ("days", b"".join(struct.pack("<BH", day, count) for day, count in enumerate(counted))),
        ("zones", packed_zones(zones)),
        ("trips", packed_numbers(trips)),
        ("speeds", packed_numbers(speeds)),
    ]
    payload = b""
    for number, (name, raw) in enumerate(parts):
        progress.say(f"packing {name}", number, len(parts))
        payload += section(name, raw)
    return MAGIC + struct.pack("<HHII", VERSION, len(parts), len(payload), zlib.crc32(payload)) + payload


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("wheel", help="pyhailing-0.0.9-py3-none-any.whl")
    arguments.add_argument("--out", default=os.path.join(here, "manhattan.city"), help="default: %(default)s")
    wanted = arguments.parse_args()

    progress = Progress()
    wheel = open_wheel(wanted.wheel)
    zones = read_zones(wheel)
    index = {zone[0]: number for number, zone in enumerate(zones)}
    trips = read_trips(wheel, index, progress)
    speeds, worst = unscrambled_speeds(wheel, index, progress)
    data = city_file(zones, trips, speeds, progress)
    progress.end()

    part = wanted.out + ".part"
    with open(part, "wb") as file:
        file.write(data)
    os.replace(part, wanted.out)  # a run that is cut short leaves the old file whole
    print(
        f"{wanted.out}: {len(data):,} bytes, sha256 {hashlib.sha256(data).hexdigest()}\n"
        f"{len(zones)} zones, {sum(trips):,} trips on {days_counted()} days (Monday to Friday), "
        f"speeds within {worst:.3f} mm/s of the source"
    )


if __name__ == "__main__":
    main()
