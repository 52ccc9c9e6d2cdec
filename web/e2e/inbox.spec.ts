/** The inbox: finding, reading, answering, and what goes wrong meanwhile. The server is played; see harness/fake-inbox.ts. */
import type { Locator, Page } from "@playwright/test";

import { aConversation, aMessage, FakeInbox, idOf, minutesAgo, waiting } from "./harness/fake-inbox.ts";
import { expectNoSidewaysScroll, settled } from "./harness/settle.ts";
import { expect, expectAccessible, test as base } from "./harness/test.ts";

const test = base.extend<{ inbox: FakeInbox }>({
  inbox: async ({ page }, give) => give(await FakeInbox.on(page)),
});

const list = (page: Page) => page.getByRole("list", { name: "Conversations" });
const row = (page: Page, name: string | RegExp): Locator => list(page).getByRole("link", { name });
const thread = (page: Page) => page.getByRole("region", { name: "Messages" });
const answer = (page: Page) => page.getByRole("textbox", { name: /^Answer to/ });
const send = (page: Page) => page.getByRole("button", { name: /^Send/ });

function someConversations(inbox: FakeInbox): void {
  const ann = aConversation(1, {
    contact_name: "Ann Archer",
    unread_count: 2,
    ...waiting(90),
    preview: "Where is my order?",
  });
  inbox.add(ann, [
    aMessage(ann, { text: "Good morning", provider_at: minutesAgo(60 * 26) }),
    aMessage(ann, { text: "Where is my order?", provider_at: minutesAgo(90) }),
  ]);
  const ben = aConversation(2, { contact_name: "Ben Baker", platform: "instagram", surface: "comment" });
  inbox.add(ben, [aMessage(ben, { text: "Nice picture" })]);
  const cem = aConversation(3, { contact_name: "Cem Can", platform: "web_chat", status: "closed" });
  inbox.add(cem, [aMessage(cem, { text: "Thank you" })]);
}

test("what people wrote is found by filters, words and saved views", async ({ page, workspace, signIn, inbox }) => {
  someConversations(inbox);
  await signIn(page, workspace.admin);
  await page.goto("/inbox");
  await expect(row(page, /Ann Archer/)).toContainText("2 unread");
  await expect(row(page, /Ann Archer/)).toContainText(/Overdue by 3\d min/);
  await expect(row(page, /Ben Baker/)).toContainText("Instagram comment");
  await expect(row(page, /Cem Can/)).toHaveCount(0);
  await settled(page);
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);

  await page.getByRole("button", { name: "Channel" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Instagram" }).click();
  await expect(page).toHaveURL(/channel=instagram/);
  await expect(row(page, /Ann Archer/)).toHaveCount(0);
  await expect(row(page, /Ben Baker/)).toBeVisible();

  await page.getByRole("button", { name: "Saved views" }).click();
  await page.getByRole("menuitem", { name: "Save this view…" }).click();
  const dialog = page.getByRole("dialog", { name: "Save this view" });
  await dialog.getByRole("textbox", { name: "Name" }).fill("Pictures");
  await dialog.getByRole("switch", { name: "For everybody" }).click();
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Save 1 view" }).click();
  await expect(page.getByRole("button", { name: "Pictures" })).toBeVisible();
  expect(inbox.views[0]).toMatchObject({ name: "Pictures", owner_id: null, filter: { platform: "instagram" } });

  await page.getByRole("button", { name: "Clear Channel" }).click();
  await page.getByRole("button", { name: "Unread" }).click();
  await expect(row(page, /Ben Baker/)).toHaveCount(0);
  await page.getByRole("button", { name: "Saved views" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Pictures" }).click();
  await expect(page).toHaveURL(/\/inbox\?.*channel=instagram/);
  await page.getByRole("button", { name: "Pictures" }).click();
  await page.getByRole("menuitem", { name: "Change “Pictures”…" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Comments");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("button", { name: "Comments" }).click();
  await page.getByRole("menuitem", { name: "Remove “Comments”…" }).click();
  await page.getByRole("button", { name: "Remove 1 view" }).click();
  await expect(page.getByRole("button", { name: "Saved views" })).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("button", { name: "Comments" })).toBeVisible();

  await page.goto("/inbox");
  await page.getByRole("searchbox", { name: "Search conversations" }).fill("order");
  await expect(row(page, /Ben Baker/)).toHaveCount(0);
  await expect(row(page, /Ann Archer/)).toBeVisible();
  await page.getByRole("searchbox", { name: "Search conversations" }).fill("nothing like it");
  await expect(page.getByRole("heading", { name: "Nothing was found" })).toBeVisible();
  await expectAccessible(page);
});

test("the chips narrow the list by state, by whose it is, and by when the answer is due", async ({
  page,
  workspace,
  signIn,
  inbox,
}) => {
  const max = await workspace.member("agent", { name: "Max Agent" });
  inbox.add(aConversation(1, { contact_name: "Late Lou", ...waiting(90) }));
  inbox.add(aConversation(2, { contact_name: "Later Lea", ...waiting(240) }));
  inbox.add(aConversation(3, { contact_name: "Soon Sue", ...waiting(50), assignee_id: max.id }));
  inbox.add(aConversation(4, { contact_name: "Early Ed", ...waiting(5) }));
  inbox.add(aConversation(5, { contact_name: "Done Dan" }));
  inbox.add(aConversation(6, { contact_name: "Closed Cem", status: "closed" }));
  await signIn(page, workspace.admin);
  await page.goto("/inbox");
  const shown = (...names: string[]) =>
    expect(list(page).getByRole("link")).toHaveText(names.map((name) => new RegExp(name)));
  const chip = (name: string) => page.getByRole("button", { name, exact: true });
  const choose = async (name: string, option: string) => {
    await chip(name).click();
    await page.getByRole("menuitemcheckbox", { name: option, exact: true }).click();
  };
  await shown("Late Lou", "Later Lea", "Soon Sue", "Early Ed", "Done Dan");
  await expect(row(page, /Later Lea/)).toContainText(/Overdue by 3 h/);
  await expect(row(page, /Soon Sue/)).toContainText(/Due in \d min/);
  await expect(row(page, /Early Ed/)).toContainText(/Due in 5\d min/);
  await expect(row(page, /Done Dan/)).not.toContainText(/Due|Overdue/);

  await choose("Status", "Closed");
  await shown("Closed Cem");
  await expect(chip("Status: Closed")).toBeVisible();
  await chip("Clear Status").click();
  await choose("With", "Max Agent");
  await shown("Soon Sue");
  await chip("Clear With").click();
  await choose("With", "Nobody");
  await shown("Late Lou", "Later Lea", "Early Ed", "Done Dan");
  await chip("Waiting").click();
  await expect(chip("Waiting")).toHaveAttribute("aria-pressed", "true");
  await shown("Late Lou", "Later Lea", "Early Ed");
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  await chip("Clear all").click();
  await chip("Waiting").click();
  await shown("Late Lou", "Later Lea", "Soon Sue", "Early Ed");
  await chip("Waiting").click();
  await shown("Late Lou", "Later Lea", "Soon Sue", "Early Ed", "Done Dan");

  // Who waits the longest is first.
  await choose("Answer", "Overdue");
  await expect(page).toHaveURL(/sla=overdue/);
  await shown("Later Lea", "Late Lou");
  await settled(page);
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  await choose("Answer: Overdue", "Due soon");
  await shown("Soon Sue");
  await chip("Saved views").click();
  await page.getByRole("menuitem", { name: "Save this view…" }).click();
  const dialog = page.getByRole("dialog", { name: "Save this view" });
  await dialog.getByRole("textbox", { name: "Name" }).fill("Hurry");
  await dialog.getByRole("button", { name: "Save 1 view" }).click();
  await expect(chip("Hurry")).toBeVisible();
  expect(inbox.views[0]).toMatchObject({ name: "Hurry", filter: { status: "open", sla: "due_soon" } });
  await chip("Clear Answer").click();
  await chip("Saved views").click();
  await page.getByRole("menuitemcheckbox", { name: "Hurry" }).click();
  await shown("Soon Sue");

  // Whoever was answered is not waited for any more.
  await choose("Answer: Due soon", "Overdue");
  await row(page, /Later Lea/).click();
  await answer(page).fill("Sorry that it took so long.");
  await answer(page).press("Control+Enter");
  await expect(thread(page).getByText("Sorry that it took so long.")).toBeVisible();
  await page.goto("/inbox?sla=overdue");
  await shown("Late Lou");
});

test("an answer becomes overdue while one looks @any-width", async ({ page, workspace, signIn, inbox }) => {
  inbox.add(aConversation(1, { contact_name: "Ann Archer", ...waiting(58) }));
  inbox.add(aConversation(2, { contact_name: "Ben Baker", ...waiting(120) }));
  await signIn(page, workspace.admin);
  await page.clock.install();
  await page.goto("/inbox?sla=due_soon");
  await expect(row(page, /Ann Archer/)).toContainText(/Due (in 1 min|now)/);
  await page.clock.fastForward(121_000);
  await expect(row(page, /Ann Archer/)).toContainText("Overdue");
});

test("a conversation is read and answered, and what the server refuses keeps its text", async ({
  page,
  workspace,
  signIn,
  inbox,
  watch,
}) => {
  watch.expectComplaint(/422/);
  someConversations(inbox);
  const ann = inbox.conversations[0]?.id ?? "";
  await signIn(page, workspace.admin);
  await page.goto("/inbox");
  await row(page, /Ann Archer/).click();
  await expect(page).toHaveURL(new RegExp(ann));
  await expect(thread(page).getByText("Where is my order?")).toBeVisible();
  await expect.poll(() => inbox.to(/\/read$/).length).toBe(1);
  await expect(page.getByText("24 of 500 characters")).toHaveCount(0);
  await answer(page).fill("It is on its way to you.");
  await expect(page.getByText("24 of 500 characters")).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  await expect.poll(() => inbox.to(/\/claim$/).length).toBe(1);
  await answer(page).press("Control+Enter");
  await expect(thread(page).getByText("It is on its way to you.")).toHaveCount(1);
  await expect(thread(page).getByText("Sent", { exact: true })).toBeVisible();
  await expect(answer(page)).toHaveValue("");
  expect(inbox.to(/\/reply$/)[0]?.key).toBeTruthy();

  inbox.refuse(/\/reply$/, {
    status: 422,
    code: "channel_refuses",
    title: "The channel does not allow this message",
    detail: "Facebook lets us answer only for some time.",
  });
  await answer(page).fill("One more thing");
  await send(page).click();
  const failure = thread(page).getByRole("alert");
  await expect(failure).toContainText("Facebook lets us answer only for some time.");
  await expectAccessible(page);
  await failure.getByRole("button", { name: "Edit" }).click();
  await expect(answer(page)).toHaveValue("One more thing");
  await expect(failure).toHaveCount(0);
  await answer(page).fill("a".repeat(501));
  await expect(page.getByText("Shorten it by 1.")).toBeVisible();
  await expect(send(page)).toBeDisabled();

  // What is begun stays with its conversation.
  await answer(page).fill("A draft");
  await page.goto("/inbox");
  await row(page, /Ben Baker/).click();
  await expect(answer(page)).toHaveValue("");
  await page.goto(`/inbox/${ann}`);
  await expect(answer(page)).toHaveValue("A draft");
});

test("an answer that is read before its sending is answered stands there once @any-width", async ({
  page,
  workspace,
  signIn,
  inbox,
}) => {
  const ann = inbox.add(aConversation(1, { contact_name: "Ann Archer" }), []);
  await signIn(page, workspace.admin);
  await page.goto(`/inbox/${ann.id}`);
  const goOn = inbox.hold(/\/reply$/);
  await answer(page).fill("It is on its way to you.");
  await answer(page).press("Control+Enter");
  await expect(thread(page).getByText("Sending…")).toBeVisible();
  inbox.tell("reply.queued", "conversation", ann.id);
  await expect(thread(page).getByText("Sent", { exact: true })).toBeVisible();
  const ours = thread(page).getByRole("article").filter({ hasText: "It is on its way" });
  expect(await ours.count()).toBe(1);
  const answered = page.waitForResponse(/\/reply$/);
  goOn();
  await (await answered).finished();
  await expect(ours).toHaveCount(1);
  await expect(thread(page).getByText("Sending…")).toHaveCount(0);
});

test("delivery states, notes, attachments and what strangers write are shown as what they are", async ({
  page,
  workspace,
  signIn,
  inbox,
}) => {
  const hostile = "<img src=x onerror=alert(1)> {{constructor}} javascript:alert(1)";
  const conversation = aConversation(1, { contact_name: hostile });
  const out = (state: "sent" | "delivered" | "read" | "refused" | "unknown" | "failed", reason?: string) =>
    aMessage(conversation, {
      direction: "out",
      text: `Answer ${state}`,
      state,
      ...(reason && { state_reason: reason }),
    });
  const attachment = { created_at: minutesAgo(1) };
  inbox.add(conversation, [
    aMessage(conversation, {
      text: hostile,
      edited_at: minutesAgo(1),
      reactions: [{ emoji: "❤️", at: minutesAgo(1) }],
    }),
    aMessage(conversation, { text: "", unsent_at: minutesAgo(1) }),
    aMessage(conversation, { text: "", kind: "unknown" }),
    aMessage(conversation, {
      text: "",
      kind: "attachment",
      attachments: [
        {
          ...attachment,
          id: idOf("att", 1),
          kind: "image",
          state: "stored",
          content_type: "image/png",
          size_bytes: 70,
        },
        {
          ...attachment,
          id: idOf("att", 2),
          kind: "file",
          state: "stored",
          file_name: "bill.pdf",
          size_bytes: 2_000_000,
        },
        { ...attachment, id: idOf("att", 3), kind: "file", state: "refused", state_reason: "larger than 25 MB" },
        { ...attachment, id: idOf("att", 4), kind: "unknown", state: "none" },
      ],
    }),
    aMessage(conversation, { direction: "out", author_kind: "machine", text: "By the machine", state: "delivered" }),
    aMessage(conversation, { direction: "out", author_kind: "platform", text: "By hand there", state: "sent" }),
    out("read"),
    out("refused", "the window is closed"),
    out("unknown", "no answer came"),
    out("failed", "given up after 5 tries"),
  ]);
  inbox.gaps = [
    {
      id: idOf("gap", 1),
      account_id: conversation.account_id,
      from_at: minutesAgo(0),
      opened_at: minutesAgo(0),
      reason: "the token has expired",
      state: "open",
      recovered: 0,
    },
  ];
  await signIn(page, workspace.admin);
  await page.goto(`/inbox/${conversation.id}`);
  const said = thread(page);
  await expect(said.getByText(hostile).first()).toBeVisible();
  for (const text of [
    "Taken back",
    /a kind that we do not know\. It is kept/,
    "bill.pdf",
    /larger than 25 MB/,
    "Machine",
    "Written at Facebook",
    /Not sent: the window is closed/,
    /Being settled: no answer came/,
    /given up after 5 tries/,
    /the token has expired/,
    /^Edited/,
  ]) {
    await expect(said.getByText(text).first()).toBeVisible();
  }
  await said.getByRole("button", { name: "Enlarge Picture" }).click();
  await expect(page.getByRole("dialog", { name: "Picture" }).getByRole("img")).toBeVisible();
  await page.keyboard.press("Escape");
  await said.getByRole("button", { name: "Send it again" }).last().click();
  await expect(said.getByText("On its way")).toBeVisible();

  await page.getByRole("button", { name: "Note", exact: true }).click();
  await page.getByRole("textbox", { name: "Note for colleagues" }).fill("Asks for a refund");
  await expectAccessible(page);
  await page.getByRole("button", { name: /^Save the note/ }).click();
  await expect(said.getByRole("article", { name: /^Note of/ })).toContainText("Asks for a refund");
  await said.getByRole("button", { name: "More for this note" }).click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await expect(said.getByText("Asks for a refund")).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(said.getByText("Asks for a refund")).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
});

test("conversations are given, put off, closed and opened again, each with an undo", async ({
  page,
  workspace,
  signIn,
  inbox,
  isPhone,
}) => {
  await workspace.member("agent", { name: "Max Agent" });
  someConversations(inbox);
  await signIn(page, workspace.admin);
  await page.goto("/inbox");
  await row(page, /Ann Archer/).click();
  const pane = page.getByRole("region", { name: "Conversation with Ann Archer" });
  await pane.getByRole("button", { name: "With Nobody" }).click();
  const give = page.getByRole("dialog", { name: "Give it to" });
  await give.getByRole("searchbox").fill("max");
  await expectAccessible(page);
  await give.getByRole("button", { name: /Max Agent/ }).click();
  await expect(pane.getByRole("button", { name: "With Max Agent" })).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(pane.getByRole("button", { name: "With Nobody" })).toBeVisible();

  await pane.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "Put off…" }).click();
  const later = page.getByRole("dialog", { name: "Put off until" });
  await later.getByRole("button", { name: "Put off", exact: true }).click();
  await expect(later.getByText("Choose a day and a time.")).toBeVisible();
  await expectAccessible(page);
  await later.getByRole("button", { name: /Next Monday/ }).click();
  await expect(pane.getByText(/^Put off/).first()).toBeVisible();
  await expect.poll(() => inbox.conversations[0]?.status).toBe("snoozed");
  await pane.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "Open now" }).click();
  await expect.poll(() => inbox.conversations[0]?.status).toBe("open");

  await pane.getByRole("button", { name: "Close" }).click();
  await expect(pane.getByText("Closed").first()).toBeVisible();
  if (!isPhone) await expect(row(page, /Ann Archer/)).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).first().click();
  await expect(pane.getByRole("button", { name: "Close" })).toBeVisible();
  await expect.poll(() => inbox.conversations[0]?.status).toBe("open");
});

test("what comes in appears by itself and does not take away the place where one reads", async ({
  page,
  workspace,
  signIn,
  inbox,
  isPhone,
}) => {
  const long = aConversation(2, { contact_name: "Lou Long" });
  inbox.add(
    long,
    Array.from({ length: 170 }, (_, index) =>
      aMessage(long, { text: `Line ${index + 1}`, provider_at: minutesAgo(400 - index) }),
    ),
  );
  const ann = inbox.add(aConversation(1, { contact_name: "Ann Archer" }), []);
  await signIn(page, workspace.admin);
  await page.goto(`/inbox/${long.id}`);
  await expect(thread(page).getByText("Line 170", { exact: true })).toBeInViewport();
  inbox.receive(long.id, "At the bottom it is seen at once");
  await expect(thread(page).getByText("At the bottom it is seen at once")).toBeInViewport();
  if (!isPhone) {
    await expect(list(page).getByRole("listitem").first()).toContainText("Lou Long");
    inbox.receive(ann.id, "Me, too");
    await expect(list(page).getByRole("listitem").first()).toContainText("Me, too");
  }

  // Up to the first: each page comes in above, and what one reads stays.
  const line = (number: number) => thread(page).getByText(`Line ${number}`, { exact: true });
  for (const [seen, older] of [
    [125, 120],
    [75, 70],
    [25, 20],
  ] as const) {
    await line(seen).scrollIntoViewIfNeeded();
    await expect(line(older)).toBeAttached();
    await expect(line(seen)).toBeInViewport();
  }
  await line(1).scrollIntoViewIfNeeded();
  await expect(thread(page).getByText("The conversation began")).toBeAttached();
  inbox.receive(long.id, "Further down");
  await page.getByRole("button", { name: "1 new" }).click();
  await expect(thread(page).getByText("Further down")).toBeInViewport();
  await expect(page.getByRole("button", { name: /new$|newest$/ })).toHaveCount(0);
});

test("who else answers is said, and what the channel forbids cannot be sent", async ({
  page,
  workspace,
  signIn,
  inbox,
}) => {
  const max = await workspace.member("agent", { name: "Max Agent" });
  const conversation = aConversation(1, { contact_name: "Ann Archer" });
  inbox.add(conversation, [aMessage(conversation)]);
  await signIn(page, workspace.admin);
  conversation.claimed_by = max.id;
  conversation.claimed_until = new Date(Date.now() + 120_000).toISOString();
  inbox.presence = [{ user_id: max.id, doing: "typing", until: new Date(Date.now() + 120_000).toISOString() }];
  await page.goto(`/inbox/${conversation.id}`);
  await expect(page.getByText("Max Agent is answering.")).toBeVisible();
  await expect(page.getByText("Max Agent is typing…")).toBeVisible();
  await answer(page).fill("Hello");
  await expect(send(page)).toBeDisabled();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Take over" }).click();
  await expect(send(page)).toBeEnabled();
  await send(page).click();
  await expect(thread(page).getByText("Hello", { exact: true })).toBeVisible();
  expect(inbox.to(/\/reply$/)[0]?.body).toMatchObject({ text: "Hello", takes_over: true });

  inbox.policy.verdict.window_closes_at = minutesAgo(-90.5);
  await page.reload();
  const left = page.getByText("1 h 30 min left to answer");
  await expect(left).toBeVisible();
  await left.focus();
  await expectAccessible(page);
  inbox.policy.verdict.window_closes_at = minutesAgo(-60 * 20.5);
  await page.reload();
  await expect(page.getByText("20 h left to answer")).toBeVisible();

  inbox.policy.verdict.refused = { code: "window_closed", sentence: "It opens when they write again." };
  await page.reload();
  await expect(page.getByText("It opens when they write again.")).toBeVisible();
  await expect(answer(page)).toHaveCount(0);
  await page.getByRole("button", { name: "Note", exact: true }).click();
  await expect(page.getByRole("textbox", { name: "Note for colleagues" })).toBeFocused();
  await expectAccessible(page);
});

test("the contact is changed, and made one with another and parted again", async ({
  page,
  workspace,
  signIn,
  inbox,
}) => {
  someConversations(inbox);
  await signIn(page, workspace.admin);
  await page.goto("/inbox");
  await row(page, /Ann Archer/).click();
  await page.getByRole("button", { name: "Contact", exact: true }).click();
  const panel = page.getByRole("dialog", { name: "Ann Archer" });
  await expect(panel.getByText("Facebook · @person")).toBeVisible();
  await expectAccessible(page);
  await panel.getByRole("button", { name: "Change…" }).click();
  const change = page.getByRole("dialog", { name: "Change the contact" });
  await change.getByRole("textbox", { name: "Name" }).fill("Ann A. Archer");
  await change.getByRole("button", { name: "Save" }).click();
  const renamed = page.getByRole("dialog", { name: "Ann A. Archer" });
  await expect(renamed).toBeVisible();
  expect(inbox.to(/\/contacts\//)[0]?.body).toEqual({ name: "Ann A. Archer" });
  await renamed.getByRole("button", { name: "Is also…" }).click();
  const merge = page.getByRole("dialog", { name: "Ann A. Archer is also…" });
  await merge.getByRole("searchbox").fill("ben");
  await expectAccessible(page);
  await merge.getByRole("button", { name: "Make Ben Baker a part of it" }).click();
  await renamed.getByRole("button", { name: "Part again" }).click();
  await expect(renamed.getByRole("button", { name: "Part again" })).toHaveCount(0);
  expect(inbox.to(/\/undo$/)).toHaveLength(1);
});

test("all that somebody wrote, wherever they wrote it, stands beside the conversation and leads there", async ({
  page,
  workspace,
  signIn,
  inbox,
}) => {
  someConversations(inbox);
  const ann = inbox.conversations[0]?.contact_id ?? "";
  const elsewhere = aConversation(7, {
    contact_id: ann,
    contact_name: "Ann Archer",
    platform: "instagram",
    surface: "comment",
    status: "closed",
    preview: "Is it waterproof?",
  });
  inbox.add(elsewhere, [aMessage(elsewhere, { text: "Is it waterproof?" })]);
  await signIn(page, workspace.admin);
  await page.goto("/inbox");
  await row(page, /Ann Archer/).click();
  await page.getByRole("button", { name: "Contact", exact: true }).click();
  const panel = page.getByRole("dialog", { name: "Ann Archer" });
  const history = panel.getByRole("region", { name: "Conversations" });
  await expect(history.getByRole("link")).toHaveText([
    /^Facebook.*Open · Where is my order\?$/,
    /^Instagram comment.*Closed · Is it waterproof\?$/,
  ]);
  await expect(history.getByRole("link", { name: /Where is my order/ })).toHaveAttribute("aria-current", "page");
  await expect(panel.getByRole("region", { name: "Writes from" }).getByRole("listitem")).toHaveText([
    /Facebook · @person/,
    /Instagram · @person/,
  ]);
  await expectAccessible(page);
  await history.getByRole("link", { name: /Is it waterproof/ }).click();
  await expect(page).toHaveURL(new RegExp(`/inbox/${elsewhere.id}`));
  await expect(thread(page).getByText("Is it waterproof?")).toBeVisible();
});

test("with the keyboard alone one finds, answers, gives away, closes and opens again", async ({
  page,
  workspace,
  signIn,
  inbox,
}) => {
  someConversations(inbox);
  inbox.canned = [
    {
      id: idOf("canned", 1),
      shortcut: "hello",
      title: "Greeting",
      body: "Hello {{contact.name}}!",
      platforms: [],
      created_by: "",
      created_at: minutesAgo(1),
      updated_at: minutesAgo(1),
    },
  ];
  await signIn(page, workspace.admin);
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Home", level: 1 })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("i");
  await expect(row(page, /Ann Archer/)).toBeVisible();
  await page.keyboard.press("j");
  await expect(row(page, /Ann Archer/)).toBeFocused();
  await page.keyboard.press("j");
  await expect(row(page, /Ben Baker/)).toBeFocused();
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");
  await expect(thread(page).getByText("Where is my order?")).toBeVisible();
  await page.keyboard.press("r");
  await expect(answer(page)).toBeFocused();
  await page.keyboard.type("/hel");
  await expect(page.getByRole("listbox", { name: "Canned replies" }).getByRole("option")).toHaveCount(1);
  await expectAccessible(page);
  await page.keyboard.press("Enter");
  await expect(answer(page)).toHaveValue("Hello Ann Archer!");
  await page.keyboard.press("Control+Enter");
  await expect(thread(page).getByText("Hello Ann Archer!")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("heading", { name: "Ann Archer" })).toBeFocused();
  await page.keyboard.press("n");
  await page.keyboard.type("Is nice");
  await page.keyboard.press("Control+Enter");
  await expect(thread(page).getByText("Is nice")).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("a");
  await expect(page.getByRole("dialog", { name: "Give it to" }).getByRole("searchbox")).toBeFocused();
  await page.keyboard.type("you");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "With You" })).toBeVisible();
  await page.keyboard.press("s");
  await expect(page.getByRole("dialog", { name: "Put off until" })).toBeVisible();
  await page.keyboard.press("Escape");
  const pane = page.getByRole("region", { name: "Conversation with Ann Archer" });
  await page.keyboard.press("e");
  await expect(pane.getByText("Closed", { exact: true }).first()).toBeVisible();
  await expect.poll(() => inbox.to(/\/close$/).length).toBe(1);
  await page.keyboard.press("e");
  await expect(pane.getByText("Closed", { exact: true })).toHaveCount(0);
  await expect.poll(() => inbox.to(/\/reopen$/).length).toBe(1);
  expect(inbox.conversations[0]?.status).toBe("open");
  await page.keyboard.press("u");
  await expect.poll(() => inbox.to(/\/unread$/).length).toBe(1);
});

test("the list of many thousands stays as quick as that of a few @any-width", async ({
  page,
  workspace,
  signIn,
  inbox,
}) => {
  for (let number = 1; number <= 100_000; number += 1) inbox.conversations.push(aConversation(number));
  await signIn(page, workspace.admin);
  await page.goto("/inbox");
  await expect(page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: /All/ })).toContainText(
    "1,000+",
  );
  await row(page, /Person 1 /).focus();
  await page.keyboard.press("End");
  for (let pages = 0; pages < 8; pages += 1) {
    await expect(list(page).getByRole("link", { name: `Person ${(pages + 1) * 50 + 1} ` })).toBeAttached();
    await page.keyboard.press("End");
  }
  expect(await list(page).getByRole("listitem").count()).toBeLessThan(60);
  inbox.receive(idOf("conv", 99_999), "From far behind");
  await page.keyboard.press("Home");
  await expect(list(page).getByRole("listitem").first()).toContainText("From far behind");
});

test("an empty inbox says why, and a failure what was not lost", async ({ page, workspace, signIn, inbox, watch }) => {
  watch.expectComplaint(/500|404/);
  await signIn(page, workspace.admin);
  await page.goto("/inbox");
  await expect(page.getByRole("heading", { name: "Nobody waits" })).toBeVisible();
  await expectAccessible(page);
  const fault = { status: 500, code: "internal", title: "Something went wrong on our side", detail: "It was noted." };
  inbox.refuse(/\/conversations$/, fault);
  // Of this list nothing was read before, so there is nothing to show instead.
  await page.goto("/inbox?unread=1");
  await expect(page.getByRole("heading", { name: "Something went wrong on our side" })).toBeVisible();
  await expectAccessible(page);
  someConversations(inbox);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(row(page, /Ann Archer/)).toBeVisible();
  await page.goto(`/inbox/${idOf("conv", 99)}`);
  await expect(page.getByRole("heading", { name: "There is no such conversation here" })).toBeVisible();
});

test("who may only read sees everything and no way to change it", async ({ page, workspace, signIn, inbox }) => {
  inbox.permissions = ["conversations:read"];
  someConversations(inbox);
  await signIn(page, await workspace.member("viewer"));
  await page.goto("/inbox");
  await row(page, /Ann Archer/).click();
  await expect(page.getByText(/Your role may read conversations and not answer them/)).toBeVisible();
  await expect(page.getByRole("button", { name: /^(Close|Put off|Send)/ })).toHaveCount(0);
  await expectAccessible(page);
  expect(inbox.asked).toEqual([]);
});

test("who may not read conversations does not even ask for them", async ({ page, workspace, signIn, inbox }) => {
  inbox.permissions = [];
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await signIn(page, workspace.admin);
  await page.goto("/inbox");
  await expect(page.getByRole("heading", { name: "Your role may not read conversations" })).toBeVisible();
  await expectAccessible(page);
  expect(asked.filter((path) => /conversations|saved-views/.test(path))).toEqual([]);
});

test("without a network an answer waits, says so, and goes out once @any-width", async ({
  page,
  workspace,
  signIn,
  inbox,
}) => {
  someConversations(inbox);
  await signIn(page, workspace.admin);
  await page.goto("/inbox");
  await row(page, /Ann Archer/).click();
  await expect(thread(page).getByText("Where is my order?")).toBeVisible();
  await page.context().setOffline(true);
  await page.keyboard.press("r");
  await page.keyboard.type("Later");
  await page.keyboard.press("Control+Enter");
  await expect(thread(page).getByText("Waits for the connection")).toBeVisible();
  await page.context().setOffline(false);
  await expect(thread(page).getByText("Sent", { exact: true })).toBeVisible();
  expect(inbox.to(/\/reply$/)).toHaveLength(1);
});

test("a sales rep is told whose conversations appear here, and is offered nobody else's", async ({
  page,
  workspace,
  signIn,
  inbox,
}) => {
  await signIn(page, await workspace.member("sales_rep"));
  await page.goto("/inbox");
  await expect(page.getByText("Conversations assigned to you appear here. None of them is open.")).toBeVisible();
  const views = page.getByRole("navigation", { name: "Views" });
  await expect(views.getByRole("link")).toHaveText([/^All/, /^Put off/]);
  await expect(page.getByRole("button", { name: "Status" })).toBeVisible();
  await expect(page.getByRole("button", { name: "With" })).toHaveCount(0);
  await expectAccessible(page);
  expect(inbox.asked).toEqual([]);
});
