/** Whether what is shown is live. */
import { Radio, RefreshCw, WifiOff } from "lucide-react";

import { useOnline } from "@/lib/connection";
import { useLiveState } from "@/lib/live";
import { cx } from "@/ui/cx";
import { Tooltip } from "@/ui/tooltip";

const STATES = {
  offline: { icon: WifiOff, text: "Offline", tone: "text-warn-text" },
  connecting: { icon: RefreshCw, text: "Connecting to live updates", tone: "text-muted" },
  stale: { icon: RefreshCw, text: "Live connection lost, reconnecting", tone: "text-warn-text" },
  live: { icon: Radio, text: "Live: changes appear by themselves", tone: "text-ok-text" },
};

export function LiveMark() {
  const online = useOnline();
  const state = useLiveState((live) => live.state);
  const { icon: Icon, text, tone } = STATES[online ? state : "offline"];
  return (
    <Tooltip text={text}>
      {/* Focusable, so that its words can be had without a mouse. */}
      <button
        type="button"
        aria-label={text}
        className={cx("grid size-8 shrink-0 cursor-default place-items-center rounded-control", tone)}
      >
        <Icon aria-hidden className="size-4" />
      </button>
    </Tooltip>
  );
}
