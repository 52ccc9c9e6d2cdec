/** The connection as the form has it: what may be empty is an empty text. */
import type { Connection, Settings } from "./queries";

export interface Values {
  issuer: string;
  client_id: string;
  client_secret: string;
  audience: string;
  /** With spaces between them, as OAuth writes them. */
  scopes: string;
  email_claim: string;
  name_claim: string;
  role_claim: string;
  role_map: { value: string; role: string }[];
  /** Empty: who maps to no role is refused. */
  default_role: string;
  creates_users: boolean;
  organization_claim: string;
  organization: string;
}

export const FRESH: Values = {
  issuer: "",
  client_id: "",
  client_secret: "",
  audience: "",
  scopes: "openid profile email",
  email_claim: "email",
  name_claim: "name",
  role_claim: "",
  role_map: [],
  default_role: "",
  creates_users: false,
  organization_claim: "",
  organization: "",
};

export function toValues(connection: Connection | null): Values {
  if (!connection) return FRESH;
  const { settings } = connection;
  return {
    issuer: settings.issuer,
    client_id: settings.client_id,
    client_secret: "",
    audience: settings.audience ?? "",
    scopes: settings.scopes?.join(" ") ?? FRESH.scopes,
    email_claim: settings.email_claim ?? FRESH.email_claim,
    name_claim: settings.name_claim ?? FRESH.name_claim,
    role_claim: settings.role_claim ?? "",
    role_map: Object.entries(settings.role_map ?? {}).map(([value, role]) => ({ value, role: role ?? "" })),
    default_role: settings.default_role ?? "",
    creates_users: settings.creates_users ?? false,
    organization_claim: settings.organization_claim ?? "",
    organization: settings.organization ?? "",
  };
}

export function toSettings(values: Values, enabled: boolean): Settings {
  const optional = (text: string) => (text.trim() === "" ? null : text.trim());
  const role_map = Object.fromEntries(values.role_map.map(({ value, role }) => [value.trim(), role]));
  return {
    enabled,
    issuer: values.issuer.trim(),
    client_id: values.client_id.trim(),
    audience: optional(values.audience),
    scopes: values.scopes.split(/\s+/).filter(Boolean),
    email_claim: values.email_claim.trim(),
    name_claim: values.name_claim.trim(),
    role_claim: optional(values.role_claim),
    // A role of a newer server goes back as it came.
    role_map: role_map as NonNullable<Settings["role_map"]>,
    default_role: optional(values.default_role) as NonNullable<Settings["default_role"]> | null,
    creates_users: values.creates_users,
    organization_claim: optional(values.organization_claim),
    organization: optional(values.organization),
  };
}

/** The stored secret goes to the provider that it was given for only: with another one it has to be entered again. */
export function keepsSecret(connection: Connection | null, issuer: string, clientId: string): boolean {
  if (!connection?.has_client_secret) return false;
  return connection.settings.issuer === issuer.trim() && connection.settings.client_id === clientId.trim();
}

export function checkIssuer(text: string): true | string {
  const address = URL.parse(text.trim());
  const fits = address && /^https?:$/.test(address.protocol) && !address.search && !address.hash && !address.username;
  return fits
    ? true
    : "The issuer is an https address, as the provider writes it, for example https://acme.eu.auth0.com/.";
}

export const checkScopes = (text: string): true | string =>
  text.split(/\s+/).includes("openid") || "“openid” must be among the scopes.";

/** Two lines for the same value cannot both hold. */
export function checkValue(all: Values["role_map"], index: number): true | string {
  const own = all[index]?.value.trim();
  return all.findIndex(({ value }) => value.trim() === own) === index || "This value is listed above already.";
}

/** The provider's sentences begin in the middle of one. */
export function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
