/** The bytes of attachments: read with the person's token and shown from memory, never from an address of a stranger. */
import { useQuery } from "@tanstack/react-query";

import { open, tenantKey, type Schemas } from "@/lib/api";
import { ProblemError, Unreachable } from "@/lib/problems";

import type { Attachment } from "./words";

/** Pictures that a browser draws without running anything in them. */
const DRAWN = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);

/** Larger ones are saved, not shown. */
const LARGEST_SHOWN = 15_000_000;

export const isPicture = ({ state, content_type: type, size_bytes: size }: Attachment): boolean =>
  state === "stored" && DRAWN.has(type ?? "") && (size ?? 0) <= LARGEST_SHOWN;

export async function readFile(id: string, signal?: AbortSignal): Promise<Blob> {
  const response = await open(`/attachments/${id}/content`, signal && { signal });
  return (await checked(response)).blob();
}

/** A picture, of the kind that was found by looking at it, whatever the answer's header says. */
export function usePicture(attachment: Attachment) {
  const { id, content_type: type } = attachment;
  return useQuery({
    queryKey: tenantKey("attachments", id),
    queryFn: async ({ signal }) => new Blob([await readFile(id, signal)], { type: type ?? "" }),
    enabled: isPicture(attachment),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 300_000,
    meta: { keep: false },
  });
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  const problem: unknown = await response.json().catch(() => undefined);
  if (typeof problem === "object" && problem !== null && "code" in problem) {
    throw new ProblemError(problem as Schemas["ProblemDocument"]);
  }
  throw new Unreachable();
}
