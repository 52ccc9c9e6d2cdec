/** Names and answers as bad as they come: shown as what they are, never run, never a broken page. */
import type { Page } from "@playwright/test";

import { expectNoSidewaysScroll, settled } from "./harness/settle.ts";
import { FAULT, refuse } from "./harness/refuse.ts";
import { expect, expectAccessible, test } from "./harness/test.ts";

const NAMES = {
  html: `<img src=x onerror="alert(1)"><script>alert(2)</script>`,
  rtl: "مدير \u202Eتجربة\u202C المبيعات",
  long: "Donaudampfschifffahrt".repeat(9).slice(0, 180),
  emoji: "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 Zoë",
};

/** A script of a name that ran would open a dialog. */
function refuseDialogs(page: Page): string[] {
  const opened: string[] = [];
  page.on("dialog", (dialog) => {
    opened.push(dialog.message());
    void dialog.dismiss();
  });
  return opened;
}

test("hostile names are text everywhere", async ({ page, makeWorkspace, signIn, api }) => {
  const workspace = await makeWorkspace(NAMES.html.slice(0, 150));
  for (const name of Object.values(NAMES)) await workspace.member("agent", { name });
  const admin = await api(workspace.admin);
  for (const [index, name] of Object.values(NAMES).entries()) {
    const invited = { email: `${index}@hostile.test`, name, role: "viewer" } as const;
    expect((await admin.POST("/invitations", { body: invited })).response.ok).toBe(true);
    const key = { name: name.slice(0, 100), scopes: ["users:read"] };
    expect((await admin.POST("/api-keys", { body: key })).response.ok).toBe(true);
  }
  const dialogs = refuseDialogs(page);
  await signIn(page, workspace.admin);
  const shown: Record<string, string[]> = {
    "/": [NAMES.html.slice(0, 20)],
    "/settings/users": ["<img src=x", "مدير", "Donaudampf", "Zoë"],
    "/settings/users/invitations": ["0@hostile.test", "3@hostile.test"],
    "/settings/api-keys": ["<img src=x", "مدير", "Donaudampf", "Zoë"],
    "/settings/audit-log": [],
    "/settings/workspace": [],
    "/system/outbox": [],
  };
  for (const [path, texts] of Object.entries(shown)) {
    await test.step(path, async () => {
      await page.goto(path);
      await settled(page);
      for (const text of texts) await expect(page.getByText(text).first()).toBeVisible();
      await expectNoSidewaysScroll(page);
    });
  }
  await page.goto("/settings/users");
  await settled(page);
  await expectAccessible(page);
  expect(dialogs, "scripts that ran").toEqual([]);
});

test("hostile filters in the address filter nothing and break nothing @any-width", async ({
  page,
  workspace,
  signIn,
}) => {
  await signIn(page, workspace.admin);
  const bad = encodeURIComponent(`"><script>alert(1)</script>%_\\\u0000'`);
  const dialogs = refuseDialogs(page);
  for (const path of [
    `/settings/users?role=${bad}&status=${bad}&search=${bad}`,
    `/settings/users?user=${bad}`,
    `/settings/audit-log?action=${bad}&actor=${bad}&from=${bad}&until=${bad}&entry=${bad}`,
    `/settings/users/roles?role=${bad}`,
    `/system/dead-letters?state=${bad}&kind=${bad}&reason=${bad}&since=${bad}&letter=${bad}`,
    `/system/effects?state=${bad}&kind=${bad}&about_kind=${bad}&about_id=${bad}&act=${bad}`,
    `/settings/users/invitations?invite=${bad}`,
    `/login?next=${encodeURIComponent("//evil.example/")}&error=${bad}&tenant=${bad}`,
  ]) {
    await test.step(path, async () => {
      await page.goto(path);
      await settled(page);
      expect(new URL(page.url()).hostname).toBe("localhost");
    });
  }
  expect(dialogs).toEqual([]);
});

test("a clock that is three days wrong does not lie about when things happened @any-width", async ({
  page,
  workspace,
  signIn,
}) => {
  await signIn(page, workspace.admin);
  await page.clock.install({ time: Date.now() + 3 * 24 * 3600 * 1000 });
  await page.goto("/settings/sessions");
  await settled(page);
  await expect(page.getByText(/now|just now|minutes? ago/).first()).toBeVisible();
  await expect(page.getByText(/days ago/)).toHaveCount(0);
});

test("a slow server shows the shape of the list first, then the list @any-width", async ({
  page,
  workspace,
  signIn,
}) => {
  await signIn(page, workspace.admin);
  const answer = Promise.withResolvers<undefined>();
  await page.route("**/api/v1/users?*", async (route) => {
    await answer.promise;
    await route.continue();
  });
  await page.goto("/settings/users");
  await expect(page.getByText("Loading People", { exact: true })).toBeAttached();
  await expect(page.getByText(workspace.admin.email)).toHaveCount(0);
  answer.resolve(undefined);
  await expect(page.getByText(workspace.admin.email).first()).toBeVisible();
  await expect(page.getByText("Loading People", { exact: true })).toHaveCount(0);
});

for (const status of [500, 503]) {
  test(`an answer ${status} becomes a sentence with the request's number, and can be tried again`, async ({
    page,
    workspace,
    signIn,
  }) => {
    await signIn(page, workspace.admin);
    const mend = await refuse(page, /\/api\/v1\/users\?/, { ...FAULT, status });
    await page.goto("/settings/users");
    const alert = page.getByRole("alert").filter({ hasText: FAULT.title });
    await expect(alert).toBeVisible({ timeout: 30_000 });
    await expect(alert).toContainText(FAULT.detail);
    await expect(alert).toContainText(FAULT.request_id);
    await expectAccessible(page);
    await mend();
    await alert.getByRole("button", { name: "Try again" }).click();
    await expect(page.getByText(workspace.admin.email).first()).toBeVisible();
  });
}

test("a proxy's error page is no reason to break either @any-width", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  await page.route("**/api/v1/users?*", (route) =>
    route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad gateway</h1>" }),
  );
  await page.goto("/settings/users");
  await expect(page.getByRole("alert").filter({ hasText: "502" })).toBeVisible({ timeout: 30_000 });
});

test("values that only a newer server knows are shown as they come @any-width", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  await page.route("**/api/v1/users?*", async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    Object.assign(body.items[0], { role: "astronaut", status: "in_orbit", new_field: { deep: [1] } });
    await route.fulfill({ response, json: body });
  });
  await page.route("**/api/v1/audit-log?*", async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    Object.assign(body.items[0], { action: "spaceship.launched", entity_kind: "spaceship", actor_kind: "robot" });
    await route.fulfill({ response, json: body });
  });
  await page.goto("/settings/users");
  await settled(page);
  await expect(page.getByText(/astronaut/i).first()).toBeVisible();
  await expect(page.getByText(/in.orbit/i).first()).toBeVisible();
  await page.goto("/settings/audit-log");
  await settled(page);
  await expect(page.getByText(/spaceship.launched/i).first()).toBeVisible();
});
