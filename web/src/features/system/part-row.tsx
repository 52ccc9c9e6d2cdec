/** One part of the installation: that it works, or what to do. */
import { CircleAlert, CircleCheck, CircleHelp, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

import { Badge, type Tone } from "@/ui/badge";
import { cx } from "@/ui/cx";

import type { Row, State } from "./rows";

const LOOKS: Record<State, { icon: LucideIcon; tone: Tone; word: string; text: string }> = {
  works: { icon: CircleCheck, tone: "ok", word: "Works", text: "text-ok-text" },
  fails: { icon: CircleAlert, tone: "danger", word: "Needs attention", text: "text-danger-text" },
  unknown: { icon: CircleHelp, tone: "neutral", word: "Unknown", text: "text-muted" },
};

export function Summary({ summary: { state, text } }: { summary: { state: State; text: string } }) {
  const { icon: Icon, text: look } = LOOKS[state];
  return (
    <p role="status" className={cx("flex items-center gap-2 text-lg font-semibold", look)}>
      <Icon size={20} aria-hidden />
      {text}
    </p>
  );
}

export function Rows({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ul aria-label={label} className="divide-y divide-border rounded-card border border-border">
      {children}
    </ul>
  );
}

export function PartRow({ row: { name, state, detail }, children }: { row: Row; children?: ReactNode }) {
  const { icon, tone, word } = LOOKS[state];
  return (
    <li className="flex flex-wrap items-start gap-x-4 gap-y-1 px-4 py-3">
      <div className="min-w-0 flex-1 basis-64">
        <h2 dir="auto" className="font-medium wrap-anywhere">
          {name}
        </h2>
        <p dir="auto" className="text-muted wrap-anywhere">
          {detail}
        </p>
        {children}
      </div>
      <Badge tone={tone} icon={icon}>
        {word}
      </Badge>
    </li>
  );
}
