/** Sessions that end, and pages that are loaded at the worst moment: nothing typed is lost, nobody is thrown out. */
import { expect, expectAccessible, test } from "./harness/test.ts";

test("a session ended by an admin in the middle of a form costs nothing that was typed", async ({
  page,
  workspace,
  signIn,
  api,
}) => {
  const max = await workspace.member("manager");
  await signIn(page, max);
  await page.goto("/settings/profile");
  const name = page.getByLabel("Your name");
  await name.fill("Maximilian Manager");
  const admin = await api(workspace.admin);
  const ended = await admin.DELETE("/users/{id}/sessions", { params: { path: { id: max.id } } });
  expect(ended.response.ok).toBe(true);
  const saved: number[] = [];
  page.on("response", (response) => {
    if (response.request().method() === "PATCH") saved.push(response.status());
  });

  await page.getByRole("button", { name: "Save name" }).click();
  const dialog = page.getByRole("dialog", { name: "Log in again" });
  await expect(dialog).toBeVisible();
  await expectAccessible(page);
  // Behind the dialog stands what was typed.
  await expect(page.getByLabel(/^Your name/)).toHaveValue("Maximilian Manager");
  await expect(dialog.getByLabel("E-mail")).toHaveValue(max.email);
  await dialog.getByLabel(/^Password/).fill("not the password");
  await dialog.getByRole("button", { name: "Log in", exact: true }).click();
  await expect(dialog.getByText("E-mail or password is wrong.")).toBeVisible();
  await dialog.getByLabel(/^Password/).fill(max.password);
  await dialog.getByRole("button", { name: "Log in", exact: true }).click();

  await expect(dialog).toBeHidden();
  await expect(page.getByText("Name changed")).toBeVisible();
  expect(
    saved.filter((status) => status < 300),
    "the change was made once",
  ).toHaveLength(1);
  const { data } = await admin.GET("/users/{id}", { params: { path: { id: max.id } } });
  expect(data?.name).toBe("Maximilian Manager");
});

test("whoever will not log in again leaves for the log-in page @any-width", async ({
  page,
  workspace,
  signIn,
  api,
}) => {
  const max = await workspace.member("manager");
  await signIn(page, max);
  await page.goto("/settings/sessions");
  await expect(page.getByRole("heading", { name: "Sessions", level: 1 })).toBeVisible();
  const admin = await api(workspace.admin);
  await admin.DELETE("/users/{id}/sessions", { params: { path: { id: max.id } } });
  await page.reload();
  // Nothing was being typed: the log-in page, which says why and leads back.
  await expect(page).toHaveURL(/\/login\?.*next=%2Fsettings%2Fsessions/);
  await expect(page.getByRole("heading", { name: "Log in" })).toBeVisible();
});

test("a reload that loses the answer to a refresh leaves one signed in @any-width", async ({
  page,
  workspace,
  signIn,
}) => {
  await signIn(page, await workspace.member("agent"));
  let isLost = false;
  await page.route("**/api/v1/auth/refresh", async (route) => {
    if (isLost) return route.fallback();
    isLost = true;
    // The server has carried it out, but the page is gone before it hears so.
    await route.fetch();
    return route.abort();
  });
  await page.goto("/");
  await expect.poll(() => isLost).toBe(true);
  await page.reload();
  await expect(page.getByRole("heading", { name: "Home" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Home" })).toBeVisible();
});

test("two reloads in quick succession leave one signed in @any-width", async ({ page, workspace, signIn }) => {
  await signIn(page, await workspace.member("agent"));
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Home" })).toBeVisible();
  const asked = page.waitForRequest("**/api/v1/auth/refresh");
  await page.evaluate(() => location.reload());
  await asked;
  await page.reload();
  await expect(page.getByRole("heading", { name: "Home" })).toBeVisible();
});

test("a disabled person is told so at the next step @any-width", async ({ page, workspace, signIn, api }) => {
  const amir = await workspace.member("agent");
  await signIn(page, amir);
  await page.goto("/settings/profile");
  await expect(page.getByLabel("Your name")).toBeVisible();
  const admin = await api(workspace.admin);
  const body = { status: "disabled" } as const;
  await admin.PATCH("/users/{id}", { params: { path: { id: amir.id } }, body });
  await page.getByLabel("Your name").fill("Another Name");
  await page.getByRole("button", { name: "Save name" }).click();
  const dialog = page.getByRole("dialog", { name: "Log in again" });
  await dialog.getByLabel(/^Password/).fill(amir.password);
  await dialog.getByRole("button", { name: "Log in", exact: true }).click();
  await expect(dialog.getByText("You are not an active user of a workspace here.")).toBeVisible();
  await dialog.getByRole("button", { name: "Log out instead" }).click();
  await expect(page).toHaveURL(/\/login/);
});
