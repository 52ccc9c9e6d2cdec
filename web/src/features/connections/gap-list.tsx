/** Times in which messages may be missing. */
import { CircleCheck, TriangleAlert } from "lucide-react";

import { serverNow } from "@/lib/clock";
import { Bdi } from "@/ui/name";

import { wordsOf } from "./gaps";
import type { Gap } from "./queries";

export function GapList({ gaps, withReason = false }: { gaps: readonly Gap[]; withReason?: boolean }) {
  const now = serverNow();
  return (
    <ul aria-label="Gaps" className="flex flex-col gap-1.5">
      {gaps.map((gap) => {
        const isOver = gap.state === "closed";
        const Icon = isOver ? CircleCheck : TriangleAlert;
        return (
          <li key={gap.id} className={isOver ? "flex gap-1.5 text-muted" : "flex gap-1.5 text-warn-text"}>
            <Icon size={14} aria-hidden className="mt-[3px] shrink-0" />
            <span className="min-w-0">
              {wordsOf(gap, now)}
              {withReason && <Bdi className="block text-dense text-muted">{gap.reason}</Bdi>}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
