import { describe, expect, it } from "vitest";

import {
  checkIssuer,
  checkScopes,
  checkValue,
  FRESH,
  keepsSecret,
  sentence,
  toSettings,
  toValues,
} from "./form-values";
import type { Connection } from "./queries";

const CONNECTION: Connection = {
  settings: {
    enabled: true,
    issuer: "https://acme.eu.auth0.com/",
    client_id: "abc",
    audience: null,
    scopes: ["openid", "email"],
    email_claim: "email",
    name_claim: "name",
    role_claim: "https://hub.example.com/role",
    role_map: { Sales: "sales_rep", "Sales lead": "manager" },
    default_role: null,
    creates_users: true,
    organization_claim: "org_id",
    organization: "org_1",
  },
  has_client_secret: true,
  redirect_uri: "https://hub.example.com/api/v1/auth/sso/callback",
  start_url: "https://hub.example.com/api/v1/auth/sso/acme/start",
  updated_at: "2026-01-01T00:00:00Z",
};

describe("the form of single sign-on", () => {
  it("gives back what it was given", () => {
    expect(toSettings(toValues(CONNECTION), true)).toEqual(CONNECTION.settings);
    expect(toValues(null)).toBe(FRESH);
  });

  it("never shows the secret and keeps spaces out", () => {
    expect(toValues(CONNECTION).client_secret).toBe("");
    const typed = { ...FRESH, issuer: "  https://id.test ", client_id: " abc ", scopes: "  openid   email " };
    const settings = toSettings(typed, false);
    expect(settings).toMatchObject({ issuer: "https://id.test", client_id: "abc", scopes: ["openid", "email"] });
    expect(settings).toMatchObject({ enabled: false, audience: null, default_role: null, role_claim: null });
  });

  it("asks for the secret again when issuer or client change", () => {
    expect(keepsSecret(CONNECTION, "https://acme.eu.auth0.com/", "abc")).toBe(true);
    expect(keepsSecret(CONNECTION, "https://acme.eu.auth0.com", "abc")).toBe(false);
    expect(keepsSecret(CONNECTION, "https://acme.eu.auth0.com/", "other")).toBe(false);
    expect(keepsSecret({ ...CONNECTION, has_client_secret: false }, "https://acme.eu.auth0.com/", "abc")).toBe(false);
    expect(keepsSecret(null, "", "")).toBe(false);
  });

  it("refuses what cannot be right", () => {
    for (const text of ["https://id.test", " https://id.test/realms/a ", "http://127.0.0.1:9"]) {
      expect(checkIssuer(text)).toBe(true);
    }
    for (const text of [
      "id.test",
      "ftp://id.test",
      "https://id.test/?a=b",
      "https://me@id.test",
      "https://id.test#a",
      "",
    ]) {
      expect(checkIssuer(text)).toMatch(/https address/);
    }
    expect(checkScopes("email openid")).toBe(true);
    expect(checkScopes("email")).toMatch(/openid/);
    const rows = [
      { value: "a", role: "agent" },
      { value: " a ", role: "viewer" },
      { value: "b", role: "viewer" },
    ];
    expect(rows.map((_, index) => checkValue(rows, index))).toEqual([true, expect.stringContaining("above"), true]);
  });

  it("makes sentences of the provider's words", () => {
    expect(sentence("the provider calls itself “x”")).toBe("The provider calls itself “x”.");
    expect(sentence("It works.")).toBe("It works.");
  });
});
