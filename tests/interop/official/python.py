"""Calls the OAuth operations of Cobo's Python SDK, and prints a line of JSON for each: facts, no tokens."""

import json
import os
import time

import cobo_waas2
from cobo_waas2.exceptions import ApiException


class Configuration(cobo_waas2.Configuration):
    # The SDK knows a key for each of Cobo's hosts, and fails on any other. Only this lookup is replaced: whether a
    # response is checked, and how, stays the SDK's own.
    resp_pubkey = os.environ["COBO_RESPONSE_PUBLIC_KEY"]


def call(method, *arguments):
    # The SDK's nonce is the time in milliseconds, and the sandbox takes each only once.
    time.sleep(0.002)
    return method(*arguments, _request_timeout=10.0)


def report(operation, **facts):
    print(json.dumps({"operation": operation, **facts}))


def report_pair(operation, pair):
    report(
        operation,
        access_token_length=len(pair.access_token),
        refresh_token_length=len(pair.refresh_token),
        token_type=pair.token_type,
        expires_in=pair.expires_in,
    )


client_id = os.environ["COBO_CLIENT_ID"]
get_token_arguments = (client_id, os.environ["COBO_ORG_ID"], "org_implicit")
configuration = Configuration(api_private_key=os.environ["COBO_APP_SECRET"], host=os.environ["COBO_BASE_URL"])
oauth = cobo_waas2.OAuthApi(cobo_waas2.ApiClient(configuration))

org = call(oauth.get_token, *get_token_arguments)
report_pair("get_token", org)

request = cobo_waas2.RefreshTokenRequest(
    client_id=client_id, grant_type="refresh_token", refresh_token=org.refresh_token
)
org = call(oauth.refresh_token, request)
report_pair("refresh_token", org)

# The SDK does not send a bearer token: it takes an access token in its configuration, and never reads it.
bearer = cobo_waas2.ApiClient(configuration)
bearer.set_default_header("Authorization", f"Bearer {org.access_token}")
info = call(cobo_waas2.OrganizationsApi(bearer).get_org_info)
report("get_org_info", org_id=info.org_id)

request = cobo_waas2.ExchangePermissionTokenRequest(permission_type="payment_orders_payin")
permission = call(oauth.exchange_permission_token, request)
report_pair("exchange_permission_token", permission)

request = cobo_waas2.RefreshPermissionTokenRequest(refresh_token=permission.refresh_token)
permission = call(oauth.refresh_permission_token, request)
report_pair("refresh_permission_token", permission)

# All of this would succeed as well if nothing were checked. So: the first call again, with a key that is not the
# sandbox's.
configuration.resp_pubkey = configuration.signer.get_public_key()
try:
    org = call(oauth.get_token, *get_token_arguments)
    report_pair("get_token", org)
except ApiException as error:
    report("get_token", error=error.reason)
