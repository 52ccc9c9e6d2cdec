/** Background work: what runs, how far it is, how it ended. It can be left and comes back here. */
import { Activity as Icon } from "lucide-react";
import type { ReactElement } from "react";
import { type Activity, useActivities } from "@/lib/activity";
import { describe } from "@/lib/problems";
import { IconButton } from "./button";
import { cx } from "./cx";
import { onDemand } from "./on-demand";

const Panel = onDemand<{ trigger: ReactElement<object> }>("dialog", async () => {
  const { ActivityPopup } = await import("./activity-popup");
  return ActivityPopup;
});

export function ActivityMenu({ className }: { className?: string | undefined }) {
  const activities = useActivities((state) => state.activities);
  const running = activities.filter((activity) => activity.state === "running").length;
  const name = running > 0 ? `Activity, ${running} running` : "Activity";
  return (
    <>
      <Panel
        trigger={<IconButton label={name} icon={Icon} className={cx(running > 0 && "text-accent-text", className)} />}
      />
      <span role="status" className="sr-only">
        {outcome(activities[0])}
      </span>
    </>
  );
}

function outcome(activity: Activity | undefined): string {
  if (!activity || activity.state === "running") return "";
  return `${activity.title}: ${activity.state === "failed" ? describe(activity.error).title : activity.detail}`;
}
