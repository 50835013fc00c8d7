// The JavaScript side of `.ci/peers`: makes the calls that a line of stdin asks for, and prints the microseconds.
"use strict";

const { createInterface } = require("node:readline");

// The SDK prints all that it signs.
console.log = () => {};
const { ApiClient, Env, OAuthApi } = require("@cobo/cobo-waas2");

const { COBO_BASE_URL, COBO_APP_SECRET, COBO_CLIENT_ID, COBO_ORG_ID } = process.env;

async function main() {
  const oauth = new OAuthApi(new ApiClient(new Env(COBO_BASE_URL), COBO_APP_SECRET));
  for await (const line of createInterface({ input: process.stdin })) {
    const start = process.hrtime.bigint();
    for (let call = 0; call < Number(line); call += 1) {
      await oauth.getToken(COBO_CLIENT_ID, COBO_ORG_ID, "org_implicit");
    }
    process.stdout.write(`${(process.hrtime.bigint() - start) / 1000n}\n`);
  }
}

main().catch((error) => {
  console.error((error.error ?? error).stack);
  process.exitCode = 1;
});
