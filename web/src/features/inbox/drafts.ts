/** What somebody has begun to write, kept on this device for each conversation until it is sent. */
import { create } from "zustand";

import { onIdentityChange, useSession } from "@/lib/session";

export type Mode = "reply" | "note";

/** Texts by conversation and mode, as far as they were looked at in this tab. */
const useDrafts = create<{ texts: Record<string, string> }>(() => ({ texts: {} }));

const PREFIX = "socialai.draft.";

// Whoever logs out takes along what they began to write; each key says whose it is.
onIdentityChange(() => {
  useDrafts.setState({ texts: {} });
  if (useSession.getState().facts) return;
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
});

function keyOf(conversation: string, mode: Mode): string {
  const facts = useSession.getState().facts;
  return `${PREFIX}${facts?.tenant.id}.${facts?.user.id}.${conversation}.${mode}`;
}

export function useDraft(conversation: string, mode: Mode): [string, (text: string) => void] {
  const key = keyOf(conversation, mode);
  const text = useDrafts(({ texts }) => texts[key]) ?? kept(key);
  return [text, (next) => set(key, next)];
}

/** A text that could not be sent goes back to where it was written, before what was begun meanwhile. */
export function putBack(conversation: string, text: string): void {
  const key = keyOf(conversation, "reply");
  const begun = useDrafts.getState().texts[key] ?? kept(key);
  set(key, begun.trim() ? `${text}\n\n${begun}` : text);
}

function set(key: string, text: string): void {
  useDrafts.setState(({ texts }) => ({ texts: { ...texts, [key]: text } }));
  try {
    if (text) localStorage.setItem(key, text);
    else localStorage.removeItem(key);
  } catch {
    // Storage is full or forbidden: the draft lives as long as the page.
  }
}

function kept(key: string): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}
