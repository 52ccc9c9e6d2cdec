/** From the log-in to an invitation without a mouse. */
import { tabTo } from "./harness/frame.ts";
import { expect, test } from "./harness/test.ts";

test("an admin logs in, finds People in the palette and invites somebody, by keyboard only", async ({
  page,
  workspace,
  api,
  totpCode,
}) => {
  const admin = await api(workspace.admin);
  const { keyboard } = page;
  await page.goto("/login");
  await tabTo(page, page.getByLabel("E-mail"));
  await keyboard.type(workspace.admin.email);
  await tabTo(page, page.getByLabel(/^Password/));
  await keyboard.type(workspace.admin.password);
  await keyboard.press("Enter");
  await tabTo(page, page.getByLabel(/code/i).first());
  await keyboard.type(await totpCode(workspace.admin));
  const home = page.getByRole("heading", { name: "Home", level: 1 });
  await expect(home).toBeVisible();

  await keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "Command palette" });
  await expect(palette.getByRole("combobox")).toBeFocused();
  await keyboard.type("people");
  await expect(palette.getByRole("option", { name: /^People/ })).toBeVisible();
  await keyboard.press("Enter");
  await expect(page).toHaveURL(/\/settings\/users/);
  await expect(palette).toBeHidden();

  await expect(page.getByRole("button", { name: "Invite people" }).first()).toBeVisible();
  await keyboard.press("n");
  const dialog = page.getByRole("dialog", { name: "Invite people" });
  await expect(dialog.getByLabel("E-mail addresses")).toBeFocused();
  await keyboard.type("keys@colleague.test");
  await tabTo(page, dialog.getByRole("button", { name: "Invite 1 person" }));
  await keyboard.press("Enter");
  await expect(page.getByText("keys@colleague.test is invited")).toBeVisible();
  await expect(dialog).toBeHidden();
  const { data } = await admin.GET("/invitations");
  expect(data?.items.map(({ email }) => email)).toEqual(["keys@colleague.test"]);
});

test("a dialog keeps the focus, gives it back, and Escape closes it", async ({ page, workspace, signIn, isPhone }) => {
  await signIn(page, workspace.admin);
  await page.goto("/settings/users");
  const button = page.getByRole("button", { name: "Invite people" }).first();
  await tabTo(page, button);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Invite people" });
  await expect(dialog).toBeVisible();
  for (let presses = 0; presses < 25; presses++) {
    await page.keyboard.press("Tab");
    const isInside = await dialog.evaluate(
      (element) =>
        element.contains(document.activeElement) || document.activeElement?.hasAttribute("data-base-ui-focus-guard"),
    );
    expect(isInside, `after ${presses + 1} presses of Tab`).toBeTruthy();
  }
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  if (!isPhone) await expect(button).toBeFocused();
});

test("the first Tab leads past the navigation", async ({ page, workspace, signIn }) => {
  await signIn(page, await workspace.member("agent"));
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Home", level: 1 })).toBeVisible();
  await page.keyboard.press("Tab");
  const skip = page.getByRole("button", { name: "Skip to the page" });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
});
