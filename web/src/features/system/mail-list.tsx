/** The mails of the outbox, newest first. */
import { Link } from "react-router";

import type { Schemas } from "@/lib/api";
import { cx } from "@/ui/cx";
import { RelativeTime } from "@/ui/time";

interface Props {
  mails: Schemas["KeptMail"][];
  opened: string | undefined;
  className?: string | undefined;
}

export function MailList({ mails, opened, className }: Props) {
  return (
    <ul
      aria-label="Mails"
      className={cx(
        "flex w-full shrink-0 flex-col divide-y divide-border border-border md:w-88 md:border-e",
        className,
      )}
    >
      {mails.map(({ id, to, subject, created_at }) => (
        <li key={id} className={cx("relative px-4 py-3", id === opened ? "bg-selected" : "hover:bg-hover")}>
          <div className="flex items-baseline justify-between gap-2 text-dense text-muted">
            <bdi className="min-w-0 truncate">{to}</bdi>
            <RelativeTime at={created_at} className="relative z-1" />
          </div>
          {/* The link is as large as the row. */}
          <Link
            to={`?mail=${id}`}
            aria-current={id === opened ? "true" : undefined}
            className="block truncate font-medium -outline-offset-2 after:absolute after:inset-0"
          >
            <bdi>{subject}</bdi>
          </Link>
        </li>
      ))}
    </ul>
  );
}
