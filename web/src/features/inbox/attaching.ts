/** Files for an answer: with the server as soon as they are chosen, and gone there when they are removed again. */
import { create } from "zustand";

import { api, call } from "@/lib/api";
import { idempotencyKeys, type IdempotencyHeader } from "@/lib/idempotency";
import { onIdentityChange } from "@/lib/session";
import { upload } from "@/lib/upload";

import { wrongWith, type Attached } from "./attaching-rules";
import type { Policy } from "./queries";
import type { Attachment } from "./words";

interface Source {
  file: File;
  header: IdempotencyHeader;
  stop: AbortController;
}

const useAttached = create<{ all: Attached[] }>(() => ({ all: [] }));
/** What is not drawn: the bytes, and the way to stop sending them. */
const sources = new Map<string, Source>();

onIdentityChange(() => {
  for (const { stop } of sources.values()) stop.abort();
  sources.clear();
  useAttached.setState({ all: [] });
});

const of = (all: readonly Attached[], conversation: string): Attached[] =>
  all.filter((file) => file.conversation === conversation);

export function useAttachedTo(conversation: string): Attached[] {
  const all = useAttached((state) => state.all);
  return of(all, conversation);
}

let count = 0;

/** What the channel does not take is shown with the reason and stays where it is. */
export function attach(conversation: string, files: readonly File[], rules: Policy["rules"]): void {
  for (const file of files) {
    count += 1;
    const key = `file ${Date.now()} ${count}`;
    sources.set(key, { file, header: idempotencyKeys()("once"), stop: new AbortController() });
    const { name, size, type } = file;
    const one: Attached = { key, conversation, name, size, type, share: 0 };
    useAttached.setState(({ all }) => ({ all: [...all, one] }));
    if (!wrongWith(one, 0, rules)) void send(key);
  }
}

export function attachAgain(key: string): void {
  change(key, (file) => ({ ...file, share: 0, error: undefined }));
  void send(key);
}

async function send(key: string): Promise<void> {
  const source = sources.get(key);
  if (!source) return;
  const { file, header, stop } = source;
  const path = `/attachments?${new URLSearchParams({ file_name: file.name.slice(0, 255) })}`;
  const onProgress = (share: number) => change(key, (known) => ({ ...known, share }));
  try {
    const attachment = (await upload({ path, file, header, signal: stop.signal, onProgress })) as Attachment;
    // Removed in the same moment: nobody will send it.
    if (sources.has(key)) change(key, (known) => ({ ...known, share: 1, attachment }));
    else void discard([attachment]);
  } catch (error) {
    if (!stop.signal.aborted) change(key, (known) => ({ ...known, error }));
  }
}

export function remove(key: string): void {
  const gone = useAttached.getState().all.find((file) => file.key === key);
  sources.get(key)?.stop.abort();
  sources.delete(key);
  useAttached.setState(({ all }) => ({ all: all.filter((file) => file.key !== key) }));
  if (gone?.attachment) void discard([gone.attachment]);
}

/** Those that go with the answer now: from here on they are its own. */
export function takeAttached(conversation: string): Attachment[] {
  const taken = of(useAttached.getState().all, conversation);
  useAttached.setState(({ all }) => ({ all: all.filter((file) => !taken.includes(file)) }));
  for (const { key } of taken) sources.delete(key);
  return taken.flatMap(({ attachment }) => attachment ?? []);
}

/** Files of an answer that was not taken, back to where they were attached. */
export function putFilesBack(conversation: string, attachments: readonly Attachment[]): void {
  const back = attachments.map((attachment) => {
    count += 1;
    const { file_name: name, size_bytes: size, content_type: type } = attachment;
    const key = `file ${Date.now()} ${count}`;
    return { key, conversation, name: name ?? "", size: size ?? 0, type: type ?? "", share: 1, attachment };
  });
  useAttached.setState(({ all }) => ({ all: [...back, ...all] }));
}

/** What cannot be removed now is removed by the server within a day. */
export async function discard(attachments: readonly Attachment[]): Promise<void> {
  const gone = ({ id }: Attachment) => call(api.DELETE("/attachments/{id}", { params: { path: { id } } }));
  await Promise.allSettled(attachments.map(gone));
}

function change(key: string, how: (file: Attached) => Attached): void {
  useAttached.setState(({ all }) => ({ all: all.map((file) => (file.key === key ? how(file) : file)) }));
}
