// A portal with openid-client and the pages of ../portal.py. openid-client verifies no logout
// tokens; jose, which it builds on, does. It reads HUB_URL, PORTAL_URL, CLIENT_ID, CLIENT_SECRET
// and PACKAGES from the environment.
import { webcrypto } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";

// Debian 12's Node 18 has these in that module alone.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

// The packages are in the virtual environment, not beside this file: PACKAGES says where.
const { resolve } = createRequire(`${process.env.PACKAGES}/`);
const client = await import(resolve("openid-client"));
const { createRemoteJWKSet, jwtVerify } = await import(resolve("jose"));

const { HUB_URL, PORTAL_URL, CLIENT_ID, CLIENT_SECRET } = process.env;
const SCOPE = "openid profile email company groups permissions offline_access";
const EVENT = "http://schemas.openid.net/event/backchannel-logout";
const METHODS = {
  client_secret_basic: client.ClientSecretBasic,
  client_secret_post: client.ClientSecretPost,
  none: client.None,
};
const ended = [];
let config;
let kept; // for the one person who signs in at a time

const configure = (method, id, secret) =>
  client.discovery(new URL(HUB_URL), id, undefined, METHODS[method](secret), {
    execute: [client.allowInsecureRequests],
  });

const pages = {
  async "/start"({ method }) {
    config = await configure(method, CLIENT_ID, CLIENT_SECRET);
    kept = {
      pkceCodeVerifier: client.randomPKCECodeVerifier(),
      expectedState: client.randomState(),
      expectedNonce: client.randomNonce(),
    };
    return client.buildAuthorizationUrl(config, {
      redirect_uri: `${PORTAL_URL}/callback`,
      scope: SCOPE,
      code_challenge: await client.calculatePKCECodeChallenge(kept.pkceCodeVerifier),
      code_challenge_method: "S256",
      state: kept.expectedState,
      nonce: kept.expectedNonce,
    });
  },
  async "/callback"(_query, url) {
    const tokens = await client.authorizationCodeGrant(config, url, {
      ...kept,
      idTokenExpected: true,
    });
    const id_token = tokens.claims();
    kept.id_token = tokens.id_token;
    const userinfo = await client.fetchUserInfo(config, tokens.access_token, id_token.sub);
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
    return {
      id_token,
      userinfo,
      refreshed: await client.fetchUserInfo(config, refreshed.access_token, id_token.sub),
      introspection: await client.tokenIntrospection(config, refreshed.access_token),
      revoked: await client
        .tokenRevocation(config, refreshed.access_token)
        .then(() => client.tokenIntrospection(config, refreshed.access_token)),
    };
  },
  async "/sign-out"() {
    kept.signingOut = client.randomState();
    return client.buildEndSessionUrl(config, {
      id_token_hint: kept.id_token,
      post_logout_redirect_uri: `${PORTAL_URL}/signed-out`,
      state: kept.signingOut,
    });
  },
  async "/signed-out"({ state }) {
    if (state !== kept.signingOut) throw new Error("another state");
    return null;
  },
  async "/own-token"({ method, client_id, client_secret }) {
    const other = await configure(method, client_id, client_secret);
    try {
      return await client.clientCredentialsGrant(other, { scope: "access:check" });
    } catch (error) {
      if (!error.response) throw error;
      return error.response.json(); // a 401 with a challenge, of which it reads no more
    }
  },
  async "/ended"() {
    return ended;
  },
};

const backChannelLogout = async (body) => {
  const { jwks_uri, issuer } = config.serverMetadata();
  const { payload } = await jwtVerify(
    new URLSearchParams(body).get("logout_token"),
    createRemoteJWKSet(new URL(jwks_uri)),
    {
      issuer,
      audience: CLIENT_ID,
      algorithms: ["RS256"],
      typ: "logout+jwt",
      requiredClaims: ["iat", "exp", "jti", "sid", "events"],
    },
  );
  if (!payload.events[EVENT] || "nonce" in payload) throw new Error("no logout token");
  ended.push(payload.sid);
};

const server = createServer(async (request, response) => {
  const url = new URL(request.url, PORTAL_URL);
  try {
    let answer = null;
    if (request.method === "POST") {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      await backChannelLogout(Buffer.concat(chunks).toString());
    } else {
      answer = await pages[url.pathname](Object.fromEntries(url.searchParams), url);
    }
    if (answer instanceof URL) response.writeHead(302, { location: answer.href });
    response.end(JSON.stringify(answer));
  } catch (error) {
    response.writeHead(400).end(`${error.stack}\n${JSON.stringify(error.cause) ?? ""}`);
  }
});
server.listen(new URL(PORTAL_URL).port, "127.0.0.1");
