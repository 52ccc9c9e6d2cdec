/** Mail that the program would have sent. */
import type { ApiClient } from "@socialai/api-client";
import { dataOf } from "@socialai/api-client";
import { expect } from "@playwright/test";

export interface Mail {
  to: string;
  subject: string;
  text: string;
  /** The address in it to click on; without its host, for `page.goto`. */
  link: string;
}

/** The newest mail to this address, as an admin of the workspace finds it in the outbox. */
export async function newestMail(admin: ApiClient, to: string): Promise<Mail> {
  let found: Omit<Mail, "link"> | undefined;
  await expect
    .poll(async () => {
      const mails = await dataOf(admin.GET("/system/outbox"));
      found = mails.find((mail) => mail.to === to);
      return found !== undefined;
    }, `a mail to ${to}`)
    .toBe(true);
  if (!found) throw new Error(`There is no mail to ${to}.`);
  const { subject, text } = found;
  const address = /https?:\/\/\S+/.exec(text)?.[0];
  if (!address) throw new Error(`No link in: ${text}`);
  const { pathname, search, hash } = new URL(address);
  return { to, subject, text, link: pathname + search + hash };
}
