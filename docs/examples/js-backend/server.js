// A tiny product, a list of orders, that leaves keys to Tenantry. It shows both
// ways: behind a gateway it believes the gateway's headers; without one it asks
// Tenantry about each key, and remembers a good one for a second.
// Node.js 18 or newer, no packages.
"use strict";

const { createHash } = require("node:crypto");
const { createServer } = require("node:http");
const { performance } = require("node:perf_hooks");

const TENANTRY_URL = process.env.TENANTRY_URL || "http://127.0.0.1:8080";
const TENANTRY_TOKEN = process.env.TENANTRY_TOKEN; // none: behind a gateway
const [HOST, PORT] = (process.env.LISTEN || "127.0.0.1:3000").split(":");

// How long a good key is believed without asking again, and so how much longer
// than in Tenantry a revoked one works here; in milliseconds.
const REMEMBERED = 1000;
const MOST_REMEMBERED = 10000;
// How long Tenantry may take. Then nobody is let in.
const PATIENCE = 2000;

// Believes the headers. Only a gateway may be able to reach this program then:
// whoever else could, could write them.
function fromGateway(request) {
  const organization = request.headers["x-tenantry-organization"];
  return organization ? { status: 200, organization } : { status: 401 };
}

const good = new Map(); // by the digest: the keys themselves are not kept

async function byAsking(request) {
  const key = request.headers["x-api-key"];
  if (!key) return { status: 401 };
  const digest = createHash("sha256").update(key).digest("base64");
  const kept = good.get(digest);
  if (kept && performance.now() < kept.until) return kept.who;

  const asked = performance.now();
  let verdict;
  try {
    const answer = await fetch(TENANTRY_URL + "/v1/keys/verify", {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: "Bearer " + TENANTRY_TOKEN },
      body: JSON.stringify({ key, environment: "production", scope: "api" }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (!answer.ok) throw new Error("Tenantry answers " + answer.status);
    verdict = await answer.json();
  } catch (error) {
    console.error(error.message);
    return { status: 503 };
  }
  switch (verdict.code) {
    case "VALID": {
      const who = { status: 200, organization: verdict.organization.id };
      if (good.size >= MOST_REMEMBERED) good.clear();
      good.set(digest, { who, until: asked + REMEMBERED });
      return who;
    }
    case "WRONG_ENVIRONMENT":
    case "INSUFFICIENT_SCOPE":
      return { status: 403 };
    case "RATE_LIMITED":
      return { status: 429 };
    default:
      return { status: 401 };
  }
}

const identify = TENANTRY_TOKEN ? byAsking : fromGateway;
const orders = new Map(); // by organization: customers are kept apart

async function serve(request, response) {
  if (request.url.split("?")[0] !== "/orders" || !["GET", "POST"].includes(request.method)) {
    return response.writeHead(404).end();
  }
  const who = await identify(request);
  if (who.status !== 200) return response.writeHead(who.status).end();
  const own = orders.get(who.organization) || [];
  if (request.method === "GET") {
    return response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(own));
  }
  let order = "";
  for await (const part of request.setEncoding("utf8")) {
    order += part;
    if (order.length > 1000) return response.writeHead(400, { Connection: "close" }).end();
  }
  orders.set(who.organization, [...own, order]);
  response.writeHead(201).end();
}

createServer((request, response) => {
  serve(request, response).catch((error) => {
    console.error(error.message);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
}).listen(Number(PORT), HOST);
