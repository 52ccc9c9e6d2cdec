/** Who was told of an alert, and what came of it. */
import { formatNumber } from "@/lib/format";
import { useCan } from "@/lib/session";
import { Bdi } from "@/ui/name";
import { TextLink } from "@/ui/text-link";
import { DateTime } from "@/ui/time";

import { NoticeMark } from "./marks";
import type { Notice } from "./notices";

export function Notices({ notices }: { notices: readonly Notice[] }) {
  return (
    <section aria-label="Who was told" className="flex flex-col gap-2">
      <h3 className="font-semibold">Who was told</h3>
      {notices.length === 0 ? (
        <p className="text-muted">
          Nobody: no target takes this alert. <TextLink to="/settings/alerts">See the targets and rules</TextLink>
        </p>
      ) : (
        <ul className="divide-y divide-border rounded-card border border-border">
          {notices.map((notice) => (
            <Told key={notice.effect_id} notice={notice} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Told({ notice }: { notice: Notice }) {
  const { target_name: name, kind, attempts, failure, planned_at: planned, ended_at: ended, effect_id: act } = notice;
  const maySeeActs = useCan("work:read");
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-1 px-3 py-2">
      <div className="min-w-0 flex-1 basis-48">
        <p className="font-medium wrap-anywhere">
          <Bdi>{name}</Bdi>
        </p>
        <p className="text-dense text-muted">
          {kind === "resolved" ? "That it is over" : "That it began"}, <DateTime at={ended ?? planned} />
          {attempts > 1 && `, attempt ${formatNumber(attempts)}`}
        </p>
        {failure && (
          <p className="text-dense wrap-anywhere">
            <Bdi>{failure}</Bdi>
          </p>
        )}
        {maySeeActs && (
          <TextLink to={`/system/effects?act=${encodeURIComponent(act)}`} className="text-dense">
            Show what was sent
          </TextLink>
        )}
      </div>
      <NoticeMark notice={notice} />
    </li>
  );
}
