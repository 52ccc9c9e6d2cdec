/** Several tabs of one browser: one session, one stream, one truth. */
import type { BrowserContext, Page } from "@playwright/test";

import { choose, expectLive, switchTo } from "./harness/frame.ts";
import { expect, test } from "./harness/test.ts";

const home = (page: Page) => page.getByRole("heading", { name: "Home", level: 1 });

async function twoTabs(context: BrowserContext, path = "/"): Promise<[Page, Page]> {
  const pages = [await context.newPage(), await context.newPage()] as const;
  await Promise.all(pages.map((page) => page.goto(path)));
  await Promise.all(pages.map((page) => expect(page.getByRole("heading", { level: 1 })).toBeVisible()));
  return [...pages];
}

test("tabs that are opened at the same moment refresh one after the other @any-width", async ({
  context,
  workspace,
  signIn,
}) => {
  await signIn(context, await workspace.member("agent"));
  const refreshes: number[] = [];
  context.on("response", (response) => {
    if (response.url().endsWith("/auth/refresh")) refreshes.push(response.status());
  });
  const [one, other] = await twoTabs(context);
  await expect(home(one)).toBeVisible();
  await expect(home(other)).toBeVisible();
  expect(refreshes).toEqual([200, 200]);
});

test("logging out in one tab signs out the other", async ({ context, workspace, signIn, isPhone }) => {
  await signIn(context, await workspace.member("agent"));
  const [one, other] = await twoTabs(context);
  await choose(one, isPhone, "Log out");
  for (const page of [one, other]) {
    await expect(page).toHaveURL(/\/login/);
    await expect(page.getByRole("heading", { name: "Log in" })).toBeVisible();
  }
  expect((await context.cookies()).filter(({ name }) => name === "socialai_refresh")).toEqual([]);
});

test("going to another workspace takes the other tab along", async ({
  context,
  workspace,
  makeWorkspace,
  signIn,
  isPhone,
}) => {
  const max = await workspace.member("manager");
  const globex = await makeWorkspace("Globex & Daughters");
  await globex.member("viewer", { email: max.email });
  await signIn(context, max);
  const [one, other] = await twoTabs(context);
  await expect(other.getByText("You are in Harbour & Sons.")).toBeVisible();
  await switchTo(one, isPhone, "Globex & Daughters");
  for (const page of [one, other]) await expect(page.getByText("You are in Globex & Daughters.")).toBeVisible();
});

test("what one tab changes appears in the other @any-width", async ({ context, workspace, signIn }) => {
  await signIn(context, workspace.admin);
  const [one, other] = await twoTabs(context);
  await expect(other.getByText(/, Ada Admin$/)).toBeVisible();
  await one.goto("/settings/profile");
  await one.getByLabel("Your name").fill("Ada Lovelace");
  await one.getByRole("button", { name: "Save name" }).click();
  await expect(one.getByText("Name changed")).toBeVisible();
  await expect(other.getByText(/, Ada Lovelace$/)).toBeVisible();
});

test("one tab listens for all, and the next takes over when it closes", async ({
  context,
  workspace,
  signIn,
  api,
  isPhone,
}) => {
  await signIn(context, workspace.admin);
  const streams: Page[] = [];
  context.on("request", (request) => {
    if (request.url().endsWith("/api/v1/events")) streams.push(request.frame().page());
  });
  const [one, other] = await twoTabs(context, "/settings/users");
  await expectLive(one, isPhone);
  await expectLive(other, isPhone);
  expect(streams).toHaveLength(1);

  const [leader] = streams;
  const rest = leader === one ? other : one;
  await leader?.close();
  await expect.poll(() => streams.length).toBe(2);
  await expectLive(rest, isPhone);
  const admin = await api(workspace.admin);
  const body = { email: "later@colleague.test", name: "Lara Later", role: "viewer" } as const;
  await rest.getByRole("link", { name: "Invitations" }).click();
  await expect(rest.getByRole("button", { name: /Invite/ }).first()).toBeVisible();
  await admin.POST("/invitations", { body });
  await expect(rest.getByText("later@colleague.test").first()).toBeVisible();
});
