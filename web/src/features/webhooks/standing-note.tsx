/** Above an endpoint that does not work: why, what happens meanwhile, and the button that mends it. */
import { Power, TriangleAlert } from "lucide-react";

import { formatNumber } from "@/lib/format";
import { useCan } from "@/lib/session";
import { useAction } from "@/lib/use-action";
import { Button } from "@/ui/button";
import { ProblemAlert } from "@/ui/problem";
import { RelativeTime } from "@/ui/time";
import { toast } from "@/ui/toast";

import { enable, recover, type Endpoint } from "./queries";

export function StandingNote({ endpoint }: { endpoint: Endpoint }) {
  const mayManage = useCan("webhooks:manage");
  if (endpoint.enabled && !endpoint.failing_since) return null;
  const since = endpoint.enabled ? endpoint.failing_since : endpoint.disabled_at;
  const { title, text } = wordsFor(endpoint);
  return (
    <section
      aria-label="What is wrong"
      className="flex flex-wrap items-start gap-x-4 gap-y-3 rounded-card bg-warn-soft p-4 text-warn-text"
    >
      <TriangleAlert size={18} aria-hidden className="mt-0.5 shrink-0" />
      <div className="min-w-0 flex-1 basis-64">
        <h2 className="font-semibold">{title}</h2>
        {since && (
          <p>
            {endpoint.enabled ? "The first failure was" : "It was switched off"} <RelativeTime at={since} />. {text}
          </p>
        )}
      </div>
      {mayManage && <Ways endpoint={endpoint} />}
    </section>
  );
}

function Ways({ endpoint }: { endpoint: Endpoint }) {
  const recovery = useAction(
    (header) => recover(endpoint.id, header),
    ({ replayed, next_from: more }) =>
      toast({
        title: endpoint.enabled ? "What it missed is sent again" : "The endpoint is switched on",
        description: `${count(replayed)} on the way.${more ? " There are more: send them again by their time." : ""}`,
        tone: "ok",
      }),
  );
  const start = useAction(
    (header) => enable(endpoint.id, header),
    () => toast({ title: "The endpoint is switched on", tone: "ok" }),
  );
  const failure = recovery.error ?? start.error;
  return (
    <>
      <div className="flex flex-wrap gap-2 text-text">
        <Button icon={Power} loading={recovery.isRunning} onClick={recovery.run}>
          {endpoint.enabled ? "Send what it missed now" : "Switch on and send what it missed"}
        </Button>
        {!endpoint.enabled && (
          <Button variant="ghost" loading={start.isRunning} onClick={start.run}>
            Only switch on
          </Button>
        )}
      </div>
      {failure !== undefined && <ProblemAlert error={failure} className="basis-full" />}
    </>
  );
}

function wordsFor({ enabled, disabled_reason: reason }: Endpoint): { title: string; text: string } {
  if (enabled) {
    return {
      title: "This endpoint fails",
      text: "Each delivery is tried again for hours. After three days of nothing but failures the endpoint is switched off.",
    };
  }
  if (reason === "by_hand") {
    return { title: "Somebody switched this endpoint off", text: "New events are not collected for it." };
  }
  const why = reason === "gone" ? "Off: it answered that it is gone (410)" : "Off: for days it gave only failures";
  return { title: why, text: "What happens meanwhile is held for seven days, and then lost for it." };
}

const count = (number: number) => `${formatNumber(number)} ${number === 1 ? "delivery is" : "deliveries are"}`;
