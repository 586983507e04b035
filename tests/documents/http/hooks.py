"""What no schema can say: which moments are in time for a ride, that a quote comes from this server, that a key is new."""

import itertools
import time

import schemathesis

IN_AN_HOUR_MS = 3_600_000
QUOTE_LENGTH_MAX = 1024
KEY_LENGTH_MAX = 128
KEY = "Idempotency-Key"

numbers = itertools.count()


def is_key(text):
    return isinstance(text, str) and 1 <= len(text) <= KEY_LENGTH_MAX and all("!" <= c <= "~" for c in text)


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.headers and is_key(case.headers.get(KEY)):
        case.headers[KEY] = f"{case.headers[KEY][:100]}-{next(numbers)}"
    body = case.body
    if not isinstance(body, dict):
        return
    at = body.get("pickup_at_ms")
    if isinstance(at, int) and not isinstance(at, bool) and 0 <= at < 2**48:
        body["pickup_at_ms"] = int(time.time() * 1000) + IN_AN_HOUR_MS
    quote = body.get("quote")
    if isinstance(quote, str) and len(quote) <= QUOTE_LENGTH_MAX:
        del body["quote"]
