import { expect, expectAccessible, test } from "./harness/test.ts";

test("the frame opens", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  await page.goto("/");
  await expect(page.getByRole("navigation").first()).toBeVisible();
  await page.screenshot({ path: "/tmp/e2e/home.png" });
  await expectAccessible(page);
});
