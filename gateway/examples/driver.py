#!/usr/bin/env python3
"""A driver in fifty lines: goes on line, says where it is, takes every ride that is offered, and drives it.

pip install websockets; driver.py ws://127.0.0.1:7070 "$(hansom token --driver ann)" 40.75 -73.98
"""
import asyncio
import json
import sys

import websockets

NEXT = {"en_route": ("arrived", "pickup"), "arrived": ("picked_up", "pickup"), "in_progress": ("dropped_off", "dropoff")}


async def session(url, token, place, cursor):
    """One connection, to its end. Returns how far it has heard: the next one goes on from there."""
    resume = f"?resume={cursor}" if cursor else ""
    protocols = ["hansom.v1.json", f"bearer.{token}"]
    async with websockets.connect(f"{url}/v1/driver{resume}", subprotocols=protocols) as socket:
        say = lambda **message: socket.send(json.dumps(message))
        seq, pause = 0, 1.0
        await say(type="online", **place)
        while True:
            try:
                heard = json.loads(await asyncio.wait_for(socket.recv(), pause))
            except asyncio.TimeoutError:
                seq += 1
                await say(type="ping", seq=seq, **place)
                continue
            except websockets.ConnectionClosed:
                return cursor
            if "cursor" in heard:
                cursor = heard["cursor"]
                await say(type="ack", cursor=cursor)
            if "ping_every_ms" in heard:
                pause = heard["ping_every_ms"] / 1000
            if heard["type"] == "offer":
                await say(type="accept", offer=heard["offer"])
            if heard["type"] == "superseded":
                sys.exit("somebody else drives under this name")
            if heard["type"] == "trip" and heard["trip"]["state"] in NEXT:
                deed, where = NEXT[heard["trip"]["state"]]
                place.update(heard["trip"][where])  # this car is fast
                await say(type=deed, trip=heard["trip"]["id"])


async def main(url, token, lat, lon):
    cursor, place = None, {"lat": float(lat), "lon": float(lon)}
    while True:
        try:
            cursor = await session(url, token, place, cursor)
        except OSError as error:
            print(f"no connection: {error}", file=sys.stderr)
        await asyncio.sleep(2)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
