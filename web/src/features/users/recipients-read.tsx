/** Whom the form understood, before anything is sent. */
import { formatNumber } from "@/lib/format";
import { Bdi } from "@/ui/name";

import type { Recipient } from "./recipients";

const SHOWN = 8;

export function RecipientsRead({ people }: { people: Recipient[] }) {
  const more = people.length - SHOWN;
  return (
    <section aria-label="Who will be invited" className="rounded-card border border-border">
      <p className="border-b border-border px-3 py-1.5 text-dense text-muted">
        {formatNumber(people.length)} people. Names are read from the addresses; they can change them themselves.
      </p>
      <ul className="py-1">
        {people.slice(0, SHOWN).map(({ email, name }) => (
          <li key={email} className="flex min-w-0 gap-3 px-3 py-0.5 text-dense">
            <Bdi className="min-w-0 flex-1 truncate">{name}</Bdi>
            <Bdi className="min-w-0 flex-1 truncate text-muted">{email}</Bdi>
          </li>
        ))}
        {more > 0 && <li className="px-3 py-0.5 text-dense text-muted">and {formatNumber(more)} more</li>}
      </ul>
    </section>
  );
}
