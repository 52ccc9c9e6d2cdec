/** What each role may do, readable by eye and by ear. */
import { expect, expectAccessible, test } from "./harness/test.ts";

const ROLES = "/settings/users/roles";

test("the matrix says in words what each role may", async ({ page, workspace, signIn, isPhone }) => {
  await signIn(page, await workspace.member("manager"));
  await page.goto(ROLES);
  if (isPhone) {
    await expect(page.getByRole("combobox", { name: "What may this role do?" })).toHaveText("Manager");
    const may = page.getByRole("region", { name: "Manager may", exact: true });
    await expect(may).toContainText("See the health of the installation's parts.");
    await expectAccessible(page);
    await page.getByRole("combobox", { name: "What may this role do?" }).click();
    await page.getByRole("option", { name: /^Agent/ }).click();
    await expect(page).toHaveURL(/role=agent/);
  } else {
    const table = page.getByRole("table", { name: "What each role may do" });
    await expect(table.getByRole("columnheader")).toHaveText([
      "Permission",
      "Admin",
      "ManagerYou",
      "Sales rep",
      "Agent",
      "Viewer",
    ]);
    const manage = table.getByRole("row", { name: /users:manage/ });
    await expect(manage.getByRole("cell")).toHaveText(["may", "may not", "may not", "may not", "may not"]);
    const health = table.getByRole("row", { name: /system:read/ });
    await expect(health.getByRole("cell")).toHaveText(["may", "may", "may not", "may not", "may not"]);
    await expect(table.getByRole("rowheader", { name: "Audit log", exact: true })).toBeVisible();
    await expectAccessible(page);

    // The head stays in sight.
    await health.scrollIntoViewIfNeeded();
    await expect(table.getByRole("columnheader", { name: "Sales rep" })).toBeInViewport();
    await page.getByRole("button", { name: "Role", exact: true }).click();
    await page.getByRole("menuitemcheckbox", { name: "Agent" }).click();
  }
  const may = page.getByRole("region", { name: "Agent may", exact: true });
  await expect(may).toContainText("See who works in this workspace");
  await expect(may).not.toContainText("audit log");
  await expect(page.getByRole("region", { name: "Agent may not" })).toContainText("Read and verify the audit log.");
  await expectAccessible(page);
  await page.reload();
  await expect(may).toBeVisible();
});

test("roles and permissions of a newer server are shown as they come", async ({ page, workspace, signIn, isPhone }) => {
  await signIn(page, await workspace.member("agent"));
  await page.route("**/api/v1/roles", (route) =>
    route.fulfill({
      json: {
        roles: [
          { role: "agent", description: "Answers.", permissions: [] },
          { role: "auditor", description: "Checks.", permissions: ["battle_cards:burn"] },
        ],
        permissions: [{ name: "battle_cards:burn", description: "Burn <b>battle cards</b>." }],
      },
    }),
  );
  await page.goto(`${ROLES}?role=auditor`);
  const may = page.getByRole("region", { name: "auditor may", exact: true });
  await expect(may).toContainText("Burn <b>battle cards</b>.");
  await expect(may).toContainText("Battle cards");
  if (!isPhone) await page.getByRole("button", { name: "Clear Role" }).click();
  if (!isPhone) await expect(page.getByRole("columnheader", { name: /^auditor/ })).toBeVisible();
});

test("with the keyboard alone one role is picked", async ({ page, workspace, signIn, isPhone }) => {
  await signIn(page, await workspace.member("agent"));
  await page.goto(ROLES);
  const control = isPhone
    ? page.getByRole("combobox", { name: "What may this role do?" })
    : page.getByRole("button", { name: "Role", exact: true });
  await expect(control).toBeVisible();
  for (let steps = 0; steps < 30; steps++) {
    await page.keyboard.press("Tab");
    if (await control.evaluate((element) => element === document.activeElement)) break;
  }
  await expect(control).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.type("vie");
  await expect(page.getByRole(isPhone ? "option" : "menuitemcheckbox", { name: /^Viewer/ })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: "Viewer may", exact: true })).toBeVisible();
});
