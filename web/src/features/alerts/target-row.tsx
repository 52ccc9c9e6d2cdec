/** One target: where it is, how it stands, and what can be done with it. */
import { Ellipsis, Pencil, Power, Send, Trash2 } from "lucide-react";
import { useEffect } from "react";

import { useAction } from "@/lib/use-action";
import { Button, IconButton } from "@/ui/button";
import { Menu, type MenuItem } from "@/ui/menu";
import { Bdi } from "@/ui/name";
import { RelativeTime } from "@/ui/time";
import { toast, toastProblem } from "@/ui/toast";

import { TargetMark } from "./marks";
import { changeTarget, type Target } from "./queries";
import { KINDS } from "./target-values";
import { TestOutcome, useTargetTest } from "./target-test";
import type { Asked } from "./targets-section";
import { SEVERITIES } from "./words";

interface Props {
  target: Target;
  /** Missing where somebody may only look. */
  onAsk: ((what: Asked) => void) | undefined;
}

export function TargetRow({ target, onAsk }: Props) {
  const test = useTargetTest(target.id);
  const { name, kind, address, enabled, broken_since: broken, broken_reason: why, last_sent_at: sent } = target;
  const takes = SEVERITIES.find(({ value }) => value === target.least_severity)?.andWorse;
  return (
    <li aria-label={name} className="flex flex-wrap items-start gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0 flex-1 basis-64">
        <div className="flex flex-wrap items-center gap-x-2">
          <h3 className="font-medium wrap-anywhere">
            <Bdi>{name}</Bdi>
          </h3>
          <TargetMark target={target} />
        </div>
        <p className="text-muted wrap-anywhere">
          {KINDS[kind].label} · <Bdi>{address}</Bdi>
        </p>
        <p className="text-dense text-muted">
          {takes}
          {sent && (
            <>
              {" · last told "}
              <RelativeTime at={sent} />
            </>
          )}
        </p>
        {enabled && broken && why && (
          <p className="text-dense wrap-anywhere text-danger-text">
            <Bdi>{why}</Bdi> It gets nothing until a test works or it is changed.
          </p>
        )}
      </div>
      {onAsk && (
        <div className="flex items-center gap-2">
          <Button size="sm" icon={Send} loading={test.isRunning} onClick={test.run}>
            Send a test
          </Button>
          <More target={target} onAsk={onAsk} />
        </div>
      )}
      <TestOutcome test={test} />
    </li>
  );
}

function More({ target, onAsk }: { target: Target; onAsk: (what: Asked) => void }) {
  const { id, name, enabled } = target;
  const flip = useAction(
    () => changeTarget(id, { enabled: !enabled }),
    () =>
      toast({
        title: `“${name}” is switched ${enabled ? "off" : "on"}`,
        tone: "ok",
        undo: () => changeTarget(id, { enabled }),
      }),
  );
  useEffect(() => {
    if (flip.error !== undefined) toastProblem(flip.error);
  }, [flip.error]);
  const items: MenuItem[] = [
    { label: "Change…", icon: Pencil, onSelect: () => onAsk("change") },
    { label: enabled ? "Switch off" : "Switch on", icon: Power, onSelect: flip.run },
    "separator",
    { label: "Remove…", icon: Trash2, danger: true, onSelect: () => onAsk("remove") },
  ];
  return (
    <Menu trigger={<IconButton label={`More for ${name}`} icon={Ellipsis} size="sm" />} items={items} align="end" />
  );
}
