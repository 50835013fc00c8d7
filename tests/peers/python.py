"""The Python side of `.ci/peers`: makes the calls that a line of stdin asks for, and prints the microseconds."""

import os
import sys
import time

import cobo_waas2


class Configuration(cobo_waas2.Configuration):
    # The SDK knows a key for each of Cobo's hosts, and fails on any other.
    resp_pubkey = os.environ["COBO_RESPONSE_PUBLIC_KEY"]


configuration = Configuration(api_private_key=os.environ["COBO_APP_SECRET"], host=os.environ["COBO_BASE_URL"])
oauth = cobo_waas2.OAuthApi(cobo_waas2.ApiClient(configuration))
arguments = os.environ["COBO_CLIENT_ID"], os.environ["COBO_ORG_ID"], "org_implicit"

for line in sys.stdin:
    start = time.perf_counter()
    for _ in range(int(line)):
        oauth.get_token(*arguments)
    print(round((time.perf_counter() - start) * 1e6), flush=True)
