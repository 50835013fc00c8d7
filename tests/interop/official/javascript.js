// Calls the OAuth operations of Cobo's JavaScript SDK, and prints a line of JSON for each: facts, no tokens.
"use strict";

const { setTimeout: sleep } = require("node:timers/promises");

// The SDK prints all that it signs, and so a refresh token too.
console.log = () => {};
const { ApiClient, Env, OAuthApi, OrganizationsApi, RefreshTokenRequest } = require("@cobo/cobo-waas2");

const { COBO_BASE_URL, COBO_APP_SECRET, COBO_CLIENT_ID, COBO_ORG_ID } = process.env;

function report(facts) {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}

function reportPair(operation, pair) {
  report({
    operation,
    access_token_length: pair.access_token.length,
    refresh_token_length: pair.refresh_token.length,
    token_type: pair.token_type,
    expires_in: pair.expires_in,
  });
}

async function main() {
  const oauth = new OAuthApi(new ApiClient(new Env(COBO_BASE_URL), COBO_APP_SECRET));

  const org = await oauth.getToken(COBO_CLIENT_ID, COBO_ORG_ID, "org_implicit");
  reportPair("get_token", org);

  // The SDK's nonce is the time in milliseconds, and the sandbox takes each only once.
  await sleep(2);
  const { refresh_token } = org;
  const request = { client_id: COBO_CLIENT_ID, grant_type: "refresh_token", refresh_token };
  const renewed = await oauth.refreshToken(RefreshTokenRequest.constructFromObject(request));
  reportPair("refresh_token", renewed);

  // What Python has and this SDK has not. The test knows these names: it fails when a later version has one of them.
  const others = {
    exchange_permission_token: oauth.exchangePermissionToken,
    refresh_permission_token: oauth.refreshPermissionToken,
    get_org_info: OrganizationsApi,
  };
  for (const [operation, found] of Object.entries(others)) {
    report({ operation, absent: found === undefined });
  }
}

main().catch((error) => {
  // Only the stack: what the SDK rejects with holds the request, and so tokens.
  console.error((error.error ?? error).stack);
  process.exitCode = 1;
});
