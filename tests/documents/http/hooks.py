"""What no schema can say: which moments are in time for a ride, that a shared ride has
no stops, and that a quote comes from this server.
"""

import time

import schemathesis

IN_AN_HOUR_MS = 3_600_000
QUOTE_LENGTH_MAX = 1024


@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if not isinstance(body, dict):
        return
    at = body.get("pickup_at_ms")
    if isinstance(at, (int, float)) and not isinstance(at, bool) and 0 <= at < 2**48:
        body["pickup_at_ms"] = int(time.time() * 1000) + IN_AN_HOUR_MS
    if body.get("shared") is True and isinstance(body.get("stops"), list):
        del body["stops"]
    quote = body.get("quote")
    if isinstance(quote, str) and len(quote) <= QUOTE_LENGTH_MAX:
        del body["quote"]
