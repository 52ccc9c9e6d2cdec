/** What the log shows, from messages and what waits to be sent. One entry is one bubble and keeps its key when it is sent. */
import type { Refusal } from "./api.ts";
import type { State } from "./chat.ts";
import type { Attachment, Message } from "./protocol.ts";
import { say, type Speech, type Words } from "./words.ts";

export interface Entry {
  key: string;
  from: Message["from"];
  name: string | null;
  text: string;
  at: string;
  attachments: readonly Attachment[];
  isUnsent: boolean;
  isEdited: boolean;
  state: "sending" | "failed" | "sent" | "read" | null;
  /** A sentence for the visitor. */
  problem: string | null;
  /** Said above the first answer of a machine. */
  disclosure: string | null;
}

export function entries(state: State, { words }: Speech): Entry[] {
  const readTo = state.messages.findIndex(({ id }) => id === state.companyReadUpTo);
  const firstMachine = state.messages.find(({ from }) => from === "machine");
  // The state stands at the last of the visitor's messages only; it holds for those before.
  const lastOwn = state.messages.findLastIndex(({ from }) => from === "visitor");
  const said = state.messages.map((message, index): Entry => {
    const ownState = index <= readTo ? "read" : "sent";
    return {
      key: message.client_id ?? message.id,
      from: message.from,
      name: message.name,
      text: message.text,
      at: message.at,
      attachments: message.attachments,
      isUnsent: message.is_unsent,
      isEdited: message.edited_at !== null,
      state: index === lastOwn ? ownState : null,
      problem: null,
      disclosure: message === firstMachine ? (state.config?.disclosure ?? words.disclosure) : null,
    };
  });
  const waiting = state.pending.map(({ message, files, state: standing, problem, at }): Entry => ({
    key: message.client_id,
    from: "visitor",
    name: null,
    text: message.text,
    at,
    attachments: files.map(({ file, sent }, index) => ({
      id: sent?.id ?? `file-${index}`,
      name: file.name,
      type: "",
      size: file.size,
    })),
    isUnsent: false,
    isEdited: false,
    state: standing,
    problem: problem && standing === "failed" ? problemInWords(problem, files.length > 0, words) : null,
    disclosure: null,
  }));
  return [...said, ...waiting];
}

export function problemInWords(problem: Refusal, hasFiles: boolean, words: Words): string {
  if (problem.code === "form_needed") return words.form_needed;
  if (problem.status === 429 && problem.wait_ms !== null) {
    return say(words.slow_long, { minutes: Math.ceil(problem.wait_ms / 60_000) });
  }
  if (problem.isPassing) return words.no_answer;
  return hasFiles && (problem.status === 413 || problem.status === 415) ? words.refused_file : words.refused;
}

/** The one line above the conversation that says what does not work; the gravest first. */
export function notice(state: State, { words }: Speech, now: number): string | null {
  if (state.phase === "away") return words.away;
  if (state.link === "lost") return words.lost;
  const wait = (state.slowUntil ?? 0) - now;
  if (wait > 60_000) return say(words.slow_long, { minutes: Math.ceil(wait / 60_000) });
  if (wait > 0) return say(words.slow, { seconds: Math.ceil(wait / 1000) });
  if (state.config && !state.config.is_online) return state.config.offline_message ?? words.offline_message;
  return null;
}
