/** What the activity button opens; see activity-menu.tsx. */
import { CircleAlert, CircleCheck, CircleSlash, Download, X } from "lucide-react";
import type { ReactElement } from "react";
import { downloadBlob } from "@/lib/browser";
import { useActivities, type Activity } from "@/lib/activity";
import { describe } from "@/lib/problems";
import { Button, IconButton } from "./button";
import { Popover } from "./popover";
import { Progress } from "./progress";
import { RelativeTime } from "./time";

export function ActivityPopup({ trigger }: { trigger: ReactElement }) {
  const activities = useActivities((state) => state.activities);
  return (
    <Popover title="Activity" trigger={trigger}>
      {activities.length === 0 ? (
        <p className="text-muted">Exports and other long work appear here, and go on when you leave the page.</p>
      ) : (
        <ul className="flex flex-col divide-y divide-border">
          {activities.map((activity) => (
            <li key={activity.id} className="py-3 first:pt-0 last:pb-0">
              <Entry activity={activity} />
            </li>
          ))}
        </ul>
      )}
    </Popover>
  );
}

const MARKS = {
  done: [CircleCheck, "text-ok-text"],
  failed: [CircleAlert, "text-danger-text"],
  cancelled: [CircleSlash, "text-muted"],
} as const;

function Entry({ activity }: { activity: Activity }) {
  const { title, state, detail, share, error, download, startedAt, cancel } = activity;
  if (state === "running") {
    return (
      <div className="flex items-center gap-2">
        <Progress label={title} value={share} detail={detail} className="min-w-0 flex-1" />
        <IconButton label={`Cancel ${title}`} icon={X} size="sm" onClick={cancel} />
      </div>
    );
  }
  const [Mark, tone] = MARKS[state];
  const problem = state === "failed" ? describe(error) : undefined;
  return (
    <div className="flex items-start gap-2">
      <Mark size={16} aria-hidden className={`mt-0.5 shrink-0 ${tone}`} />
      <div className="min-w-0 flex-1">
        <p className="font-medium">{title}</p>
        <p className="text-muted">{problem ? `${problem.title}. ${problem.advice}` : detail}</p>
        {problem?.requestId && <p className="text-dense text-muted">Request {problem.requestId}</p>}
        <p className="text-dense text-muted">
          <RelativeTime at={startedAt.toISOString()} />
        </p>
        {download && (
          <Button size="sm" icon={Download} className="mt-2" onClick={() => downloadBlob(download.name, download.blob)}>
            Download {download.name}
          </Button>
        )}
      </div>
    </div>
  );
}
