/** Every page, in both themes and both widths: it opens without a complaint, axe finds nothing, nothing sticks out. */
import type { ApiClient } from "@socialai/api-client";

import { expectNoSidewaysScroll, refusals, settled } from "./harness/settle.ts";
import { expect, expectAccessible, test, type Person, type Workspace } from "./harness/test.ts";

/** Address and title. */
type Place = [string, RegExp];

const FOR_STRANGERS: Place[] = [
  ["/login", /Log in/],
  ["/login?way=sso", /Single sign-on/],
  ["/forgot", /./],
  ["/reset#tk_unknown", /./],
  ["/invitation#inv_unknown", /./],
];

const PAGES: Record<string, Place[]> = {
  "home and system": [
    ["/", /Home/],
    ["/inbox", /Inbox/],
    ["/system", /System/],
    ["/alerts", /Alerts/],
    ["/system/dead-letters", /Dead letters/],
    ["/system/effects", /Outside actions/],
    ["/system/outbox", /./],
    ["/nowhere", /Not found/],
  ],
  connections: [
    ["/connections", /Connections/],
    ["/connections/chan_unknown", /Connections/],
    ["/settings/canned-replies", /Canned replies/],
  ],
  "a person's own settings": [
    ["/settings", /./],
    ["/settings/profile", /Profile/],
    ["/settings/security", /./],
    ["/settings/sessions", /Sessions/],
    ["/settings/appearance", /Appearance/],
  ],
  "the workspace's settings": [
    ["/settings/workspace", /./],
    ["/settings/policy", /Security policy/],
    ["/settings/sso", /Single sign-on/],
    ["/settings/audit-log", /Audit log/],
  ],
  "people and keys": [
    ["/settings/users", /./],
    ["/settings/users/invitations", /./],
    ["/settings/users/roles", /./],
    ["/settings/api-keys", /API keys/],
    ["/settings/webhooks", /Webhooks/],
    ["/settings/alerts", /Alerting/],
  ],
};

for (const [path, title] of FOR_STRANGERS) {
  test(`a stranger opens ${path}`, async ({ page }) => {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(title);
    await settled(page);
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
  });
}

for (const [group, places] of Object.entries(PAGES)) {
  test(`an admin opens ${group}`, async ({ page, workspace, signIn, api }) => {
    // Many pages, each looked at twice.
    test.setTimeout(180_000);
    await fill(workspace, api);
    await signIn(page, workspace.admin);
    const refused = refusals(page);
    for (const [path, title] of places) {
      await test.step(path, async () => {
        await page.goto(path);
        await expect(page.getByRole("heading", { level: 1 }).first()).toHaveText(title);
        await settled(page);
        await expectNoSidewaysScroll(page);
        await expectAccessible(page);
      });
    }
    // A workspace without single sign-on has none, and there is no such account: these are answers.
    expect(refused.filter((refusal) => !/^40[04] GET .*\/(sso|chan_unknown)$/.test(refusal))).toEqual([]);
  });
}

test("a viewer opens every page, and is told who can give what is missing", async ({ page, workspace, signIn }) => {
  test.setTimeout(180_000);
  await signIn(page, await workspace.member("viewer"));
  const refused = refusals(page);
  for (const [path] of Object.values(PAGES).flat()) {
    await test.step(path, async () => {
      await page.goto(path);
      await settled(page);
      await expectNoSidewaysScroll(page);
    });
  }
  await page.goto("/settings/audit-log");
  await expect(page.getByText(/admin of this workspace/)).toBeVisible();
  await expectAccessible(page);
  expect(refused, "a page asks only for what the person may see").toEqual([]);
});

/** Something to be seen on every page. */
async function fill(workspace: Workspace, api: (person: Person) => Promise<ApiClient>): Promise<void> {
  await workspace.member("agent");
  const admin = await api(workspace.admin);
  const answers = [
    await admin.POST("/invitations", { body: { email: "new@colleague.test", name: "Nina New", role: "viewer" } }),
    await admin.POST("/api-keys", { body: { name: "nightly export", scopes: ["users:read", "audit:read"] } }),
    await admin.POST("/webhook-endpoints", {
      body: { name: "Orders", url: "https://example.com/", events: ["sso.*"] },
    }),
  ];
  for (const { response } of answers) expect(response.ok).toBe(true);
}
