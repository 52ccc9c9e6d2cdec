/** Workspaces and people for a test, and log-ins without the pages. */
import { createClient, dataOf, type ApiClient, type Schemas } from "@socialai/api-client";
import type { BrowserContext, Page } from "@playwright/test";
import { randomBytes } from "node:crypto";
import { generateSync } from "otplib";

import { arrange } from "./arrange.ts";
import { noteSecrets, PASSWORD, sql, type ProgramFacts } from "./program.ts";

export type Role = Schemas["Role"];

export interface Person {
  id: string;
  email: string;
  name: string;
  password: string;
  role: Role;
  /** Short name of the workspace. */
  tenant: string;
  /** Where requests of this person seem to come from. */
  address: string;
  /** Secret of the authenticator app, when one is enrolled. */
  totp?: string;
  recoveryCodes: string[];
}

/** A company of its own for one test. */
export interface Workspace {
  id: string;
  slug: string;
  name: string;
  admin: Person;
  /** One more person. `email` names the same one again in another workspace. */
  member: (role: Role, options?: { name?: string; email?: string }) => Promise<Person>;
}

/** Of a network that nobody has; a new one for each test. */
export function someAddress(): string {
  const [one = 0, two = 0, three = 0] = randomBytes(3);
  return `10.${one}.${two}.${three}`;
}

export async function makeWorkspace(
  program: ProgramFacts,
  address: string,
  name = "Harbour & Sons",
): Promise<Workspace> {
  const slug = `t${randomBytes(5).toString("hex")}`;
  const { id } = await arrange(program, { make: "workspace", slug, name });
  const member: Workspace["member"] = (role, options = {}) => makePerson(program, slug, role, address, options);
  return { id, slug, name, admin: await member("admin", { name: "Ada Admin" }), member };
}

const NAMES: Record<string, string> = {
  manager: "Max Manager",
  sales_rep: "Rita Rep",
  agent: "Amir Agent",
  viewer: "Vera Viewer",
};

async function makePerson(
  program: ProgramFacts,
  tenant: string,
  role: Role,
  address: string,
  options: { name?: string; email?: string },
): Promise<Person> {
  const name = options.name ?? NAMES[role] ?? role;
  const email = options.email ?? `${role}.${randomBytes(4).toString("hex")}@${tenant}.test`;
  const order = { make: "person", workspace: tenant, email, name, role, password: PASSWORD } as const;
  const { id } = await arrange(program, order);
  return {
    id,
    email,
    name,
    password: PASSWORD,
    role,
    tenant,
    address,
    recoveryCodes: [],
  };
}

/**
 * The present code of the person's authenticator app. The server takes each code once; this lets it forget the last one,
 * because a test that logs in twice must not wait half a minute.
 */
export async function totpCode(program: ProgramFacts, person: Person): Promise<string> {
  if (!person.totp) throw new Error(`${person.email} has no authenticator app yet; log in once with signIn or api.`);
  await sql(program, `update system.people set totp_last_step = 0 where id = '${uuidOf(person.id)}'`);
  return generateSync({ secret: person.totp });
}

/** Into the database's form: `usr_` and 26 characters of Crockford's base 32. */
export function uuidOf(id: string): string {
  const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  let bits = 0n;
  for (const letter of id.slice(id.indexOf("_") + 1)) bits = (bits << 5n) | BigInt(alphabet.indexOf(letter));
  const hex = bits.toString(16).padStart(32, "0");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

type Delivery = Schemas["Delivery"];

/** Both steps of a log-in, with an authenticator app enrolled on the way if the role needs one. */
async function logIn(program: ProgramFacts, person: Person, client: ApiClient, delivery: Delivery) {
  const { email, password, tenant } = person;
  const first = await dataOf(client.POST("/auth/login", { body: { email, password, tenant, delivery } }));
  if (first.status === "signed_in") return opened(first);
  const { ticket } = first;
  let second: Schemas["LogIn"];
  if (first.status === "enrolment_required") {
    const { enrolment, secret } = await dataOf(client.POST("/auth/enrol/totp", { body: { ticket } }));
    const code = generateSync({ secret });
    second = await dataOf(client.POST("/auth/enrol/totp/confirm", { body: { ticket, enrolment, code, delivery } }));
    person.totp = secret;
    if (second.status === "signed_in") person.recoveryCodes = second.recovery_codes ?? [];
  } else {
    const code = await totpCode(program, person);
    second = await dataOf(client.POST("/auth/second-factor", { body: { ticket, code, delivery } }));
  }
  if (second.status !== "signed_in") throw new Error(`The log-in of ${email} does not end: ${second.status}`);
  noteSecrets(person.totp, ...person.recoveryCodes);
  return opened(second);
}

function opened(signedIn: Schemas["SignedIn"]): Schemas["SignedIn"] {
  noteSecrets(PASSWORD, signedIn.access_token, signedIn.refresh_token);
  return signedIn;
}

/** The API as this person (a session of its own, besides those of the browser). */
export async function apiOf(program: ProgramFacts, person: Person): Promise<ApiClient> {
  const send = (request: Request) => {
    request.headers.set("x-forwarded-for", person.address);
    return fetch(request);
  };
  const client = createClient({ origin: program.url, fetch: send });
  const { access_token: token } = await logIn(program, person, client, "body");
  return createClient({ origin: program.url, credential: () => token, fetch: send });
}

/** Puts the person's session into the browser, as a log-in there would have; the next page opened is theirs. */
export async function signIn(program: ProgramFacts, where: Page | BrowserContext, person: Person): Promise<void> {
  const context = "context" in where ? where.context() : where;
  const cookies: string[] = [];
  const client = createClient({
    origin: program.url,
    fetch: async (request) => {
      request.headers.set("user-agent", await userAgent(context));
      request.headers.set("x-forwarded-for", person.address);
      const response = await fetch(request);
      cookies.push(...response.headers.getSetCookie());
      return response;
    },
  });
  await logIn(program, person, client, "cookie");
  await context.addCookies(cookies.map((cookie) => parseCookie(cookie, program.url)));
}

const agents = new WeakMap<BrowserContext, string>();

/** Sessions are shown with the browser that they were opened in. */
async function userAgent(context: BrowserContext): Promise<string> {
  const known = agents.get(context);
  if (known) return known;
  const [open] = context.pages();
  const page = open ?? (await context.newPage());
  const agent = await page.evaluate(() => navigator.userAgent);
  if (!open) await page.close();
  agents.set(context, agent);
  return agent;
}

function parseCookie(text: string, url: string) {
  const [pair = "", ...attributes] = text.split("; ");
  const [name = "", value = ""] = pair.split(/=(.*)/s);
  const all = new Map(attributes.map((one) => one.split(/=(.*)/s) as [string, string | undefined]));
  const expires = Date.parse(all.get("Expires") ?? "") / 1000;
  const { hostname: domain } = new URL(url);
  const path = all.get("Path") ?? "/";
  return {
    name,
    value,
    domain,
    path,
    httpOnly: all.has("HttpOnly"),
    sameSite: "Strict" as const,
    expires,
  };
}
