// A real OpenID Connect provider (npm oidc-provider) for the tests of single sign-on.
//
//   node server.mjs [--port N] [--redirect URI]... [--client-id ID] [--client-secret SECRET]
//                   [--client-auth client_secret_basic|client_secret_post|none] [--signing RS256|PS256|ES256]
//                   [--any-loopback-port]
//
// With --any-loopback-port a redirect to this machine may name any port, as for native applications: several servers of
// one test run share a provider.
//
// Port 0 (the default) takes a free one. When it listens, one line of JSON goes to stdout:
// {"issuer": "http://127.0.0.1:PORT"}. It ends when its stdin closes, so a test that is killed
// leaves no server behind.
//
// Log in with any name and any password. OIDC_CLAIMS gives claims by log-in name, for example
// {"alice": {"https://hub.example.com/role": ["manager"]}}; they arrive in the ID token, as
// Auth0's namespaced claims do. E-mail is NAME@example.com unless the claims say otherwise.

import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { Provider } from 'oidc-provider';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    redirect: { type: 'string', multiple: true, default: [] },
    'client-id': { type: 'string', default: 'hub' },
    'client-secret': { type: 'string', default: 'test-client-secret' },
    'client-auth': { type: 'string', default: 'client_secret_basic' },
    signing: { type: 'string', default: 'RS256' },
    'any-loopback-port': { type: 'boolean', default: false },
  },
});
const claimsByLogin = JSON.parse(process.env.OIDC_CLAIMS ?? '{}');
const customClaims = [...new Set(Object.values(claimsByLogin).flatMap(Object.keys))].filter((name) => name !== 'sub');

const client = {
  client_id: options['client-id'],
  application_type: options['any-loopback-port'] ? 'native' : 'web',
  redirect_uris: options.redirect,
  response_types: ['code'],
  grant_types: ['authorization_code'],
  token_endpoint_auth_method: options['client-auth'],
  id_token_signed_response_alg: options.signing,
  require_auth_time: true,
  ...(options['client-auth'] === 'none' ? {} : { client_secret: options['client-secret'] }),
};

const configuration = {
  jwks: { keys: [signingKey(options.signing)] },
  cookies: { keys: ['test-cookie-key'] },
  clients: [client],
  pkce: { required: () => true },
  scopes: ['openid', 'profile', 'email'],
  claims: { openid: ['sub', 'auth_time', ...customClaims], email: ['email', 'email_verified'], profile: ['name'] },
  // The log-in reads the ID token only, so what the scopes grant must be in it.
  conformIdTokenClaims: false,
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256'] },
  features: { devInteractions: { enabled: true } },
  findAccount: (_context, login) => ({
    accountId: login,
    claims: async () => ({
      name: login,
      email: `${login}@example.com`,
      email_verified: true,
      ...claimsByLogin[login],
      sub: login,
    }),
  }),
};

function signingKey(alg) {
  // By way of PEM: exporting a freshly generated key object as JWK now and then blocks Node 20 for
  // good (measured: 3 starts of 120), before it listens.
  const encoding = { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } };
  const { privateKey } =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256', ...encoding })
      : generateKeyPairSync('rsa', { modulusLength: 2048, ...encoding });
  return { ...createPrivateKey(privateKey).export({ format: 'jwk' }), use: 'sig', alg, kid: 'test-key-1' };
}

// Standard output carries the one line only; the reader may close it after that.
console.log = console.info = console.error;

// The issuer contains the port, so the socket comes first and the provider second.
let handle;
const server = createServer((request, response) => handle(request, response));
server.listen(Number(options.port), '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  handle = new Provider(issuer, configuration).callback();
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
});

process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
