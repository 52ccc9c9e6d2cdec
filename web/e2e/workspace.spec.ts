/** The workspace's name, when answers are due, and its security policy. */
import { expect, expectAccessible, test } from "./harness/test.ts";

test("an admin renames the workspace, which everybody sees at once", async ({
  page,
  browser,
  program,
  workspace,
  signIn,
}) => {
  await signIn(page, workspace.admin);
  await page.goto("/settings/workspace");
  const name = page.getByRole("textbox", { name: "Workspace name" });
  await expect(name).toHaveValue("Harbour & Sons");
  await expect(page.getByText(workspace.slug, { exact: true })).toBeVisible();
  await expect(page.getByText("Standard")).toBeVisible();
  await expectAccessible(page);

  const theirs = await browser.newContext({ baseURL: program.url });
  const viewer = await theirs.newPage();
  await signIn(viewer, await workspace.member("viewer"));
  await viewer.goto("/settings/workspace");
  const shown = viewer.getByRole("region", { name: "Name" });
  await expect(shown).toContainText("Harbour & Sons");
  await expect(viewer.getByRole("textbox", { name: "Workspace name" })).toHaveCount(0);

  const renamed = `Harbour ${"long".repeat(20)} <i>Ltd</i> 🦦`;
  await name.fill(renamed);
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByText("Workspace renamed")).toBeVisible();
  await expect(shown).toContainText(renamed);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(name).toHaveValue("Harbour & Sons");
  await expect(shown).toContainText("Harbour & Sons");
  await theirs.close();
});

test("an admin sets when answers are due, and the open inbox of a colleague goes by it at once", async ({
  page,
  browser,
  program,
  workspace,
  signIn,
  facebookPage,
}) => {
  const facebook = await facebookPage();
  await facebook.say("Maria Silva", "How much is the tent?");
  const agent = await workspace.member("agent");
  await signIn(page, workspace.admin);
  await page.goto("/settings/workspace");
  const minutes = page.getByRole("textbox", { name: "Minutes until an answer is due" });
  await expect(minutes).toHaveValue("60");

  const theirs = await browser.newContext({ baseURL: program.url });
  const inbox = await theirs.newPage();
  await signIn(inbox, agent);
  await inbox.goto("/inbox");
  const waits = inbox.getByRole("list", { name: "Conversations" }).getByRole("link", { name: /How much is the tent/ });
  await expect(waits).toContainText(/Due in 5\d min|Due in 1 h/);

  for (const [typed, wrong] of [
    ["0", /1 to 10080 whole minutes/],
    ["10081", /1 to 10080 whole minutes/],
    ["1.5", /1 to 10080 whole minutes/],
  ] as const) {
    await minutes.fill(typed);
    await page.getByRole("button", { name: "Save target" }).click();
    await expect(minutes).toHaveAccessibleDescription(wrong);
  }
  await expectAccessible(page);
  await minutes.fill("600");
  await minutes.press("Enter");
  await expect(page.getByText("Answers are due within 600 minutes")).toBeVisible();
  await expect(waits).toContainText(/Due in (9|10) h/);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(minutes).toHaveValue("60");
  await expect(waits).toContainText(/Due in 5\d min|Due in 1 h/);

  await inbox.goto("/settings/workspace");
  await expect(inbox.getByRole("region", { name: "Answers" })).toContainText("60 minutes");
  await expect(inbox.getByRole("textbox", { name: "Minutes until an answer is due" })).toHaveCount(0);
  await expectAccessible(inbox);
  await theirs.close();
});

test("a stricter policy says whom it concerns before it holds", async ({ page, workspace, signIn, api }) => {
  const max = await workspace.member("manager");
  const his = await api(max);
  await signIn(page, workspace.admin);
  await page.goto("/settings/policy");
  await expect(page.getByRole("checkbox", { name: "Managers" })).not.toBeChecked();
  await expectAccessible(page);
  await page.getByRole("checkbox", { name: "Managers" }).check();
  await page.getByRole("button", { name: "Save policy" }).click();
  const question = page.getByRole("alertdialog", { name: "Ask more people for a second factor?" });
  await expect(question).toContainText("managers need a second factor");
  await expect(question).toContainText("1 person has no second factor yet.");
  await expectAccessible(page);
  await question.getByRole("button", { name: "Cancel" }).click();
  expect((await his.GET("/me")).response.status).toBe(200);

  await page.getByRole("button", { name: "Save policy" }).click();
  await question.getByRole("button", { name: "Change the policy" }).click();
  await expect(page.getByText("Security policy changed")).toBeVisible();
  expect((await his.GET("/me")).response.status).toBe(403);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("checkbox", { name: "Managers" })).not.toBeChecked();
  await expect.poll(async () => (await his.GET("/me")).response.status).toBe(200);
});

test("days outside of the limits are refused at their field, by the keyboard alone", async ({
  page,
  workspace,
  signIn,
}) => {
  await signIn(page, workspace.admin);
  await page.goto("/settings/policy");
  const days = page.getByRole("textbox", { name: "Days until a session ends" });
  await days.focus();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("91");
  await page.keyboard.press("Enter");
  await expect(days).toHaveAccessibleDescription(/1 to 90 whole days/);
  await expect(days).toBeFocused();
  await expectAccessible(page);
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("7");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Security policy changed")).toBeVisible();
  await page.reload();
  await expect(days).toHaveValue("7");
});

test("a change from elsewhere comes in, but not over what is being typed @any-width", async ({
  page,
  workspace,
  signIn,
  api,
}) => {
  const elsewhere = await api(workspace.admin);
  await signIn(page, workspace.admin);
  await page.goto("/settings/policy");
  const days = page.getByRole("textbox", { name: "Days until a session ends" });
  await expect(days).toHaveValue("30");
  const put = (session_days: number, mfa_roles: ("admin" | "viewer")[]) =>
    elsewhere.PUT("/tenant/policy", { body: { session_days, mfa_roles } });
  await put(20, ["admin"]);
  await expect(days).toHaveValue("20");
  await days.fill("5");
  await put(10, ["admin", "viewer"]);
  await expect(page.getByRole("checkbox", { name: "Viewers" })).toBeChecked();
  await expect(days).toHaveValue("5");
});

test("who may not change the policy reads it", async ({ page, workspace, signIn }) => {
  await signIn(page, await workspace.member("agent"));
  await page.goto("/settings/policy");
  const inForce = page.getByRole("region", { name: "In force" });
  await expect(inForce).toContainText("Admin");
  await expect(inForce).toContainText("30 days");
  await expect(page.getByRole("button", { name: "Save policy" })).toHaveCount(0);
  await expectAccessible(page);
});
