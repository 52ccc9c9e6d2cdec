/**
 * Server-sent events from the bytes of an answer. Not the browser's EventSource: that cannot send the token in a header,
 * sends cookies, and tells nobody why it was refused or for how long it has to wait.
 */
export interface StreamEvent {
  kind: string;
  data: string;
  id: string | null;
}

/** Takes text as it arrives, cut anywhere, and gives the events that are complete. */
export function parser(): (chunk: string) => StreamEvent[] {
  let rest = "";
  let kind = "";
  let data: string[] = [];
  let id: string | null = null;
  return (chunk) => {
    const events: StreamEvent[] = [];
    rest += chunk;
    // A line may end with both characters, and the second may not be here yet.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) events.push({ kind: kind || "message", data: data.join("\n"), id });
        kind = "";
        data = [];
        id = null;
        continue;
      }
      const [, field = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (field === "event") kind = value;
      else if (field === "data") data.push(value);
      else if (field === "id" && !value.includes("\0")) id = value;
    }
    return events;
  };
}

/** Reads until the answer ends. `sign` is called for every sign of life, also for comments. */
export async function readEvents(
  answer: Response,
  hear: (event: StreamEvent) => void,
  sign: () => void,
): Promise<void> {
  const reader = answer.body?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  const parse = parser();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    sign();
    for (const event of parse(decoder.decode(value, { stream: true }))) hear(event);
  }
}
