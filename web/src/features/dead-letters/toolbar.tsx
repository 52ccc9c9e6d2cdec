/** What can be done to the letters that are picked, or to all that fit the filter. */
import { RotateCcw, Trash2, X } from "lucide-react";
import { useState } from "react";

import { formatNumber } from "@/lib/format";
import { Button } from "@/ui/button";
import { toast, toastProblem } from "@/ui/toast";

import type { Filter } from "./filter";
import type { Order } from "./orders";
import { idsOf } from "./queries";
import { pick } from "./selection";

interface PickedProps {
  ids: readonly string[];
  onOrder: (order: Order) => void;
}

export function PickedBar({ ids, onOrder }: PickedProps) {
  const order = { select: { ids: [...ids] }, count: ids.length };
  return (
    <div
      role="group"
      aria-label="Picked dead letters"
      className="sticky top-3 z-20 flex flex-wrap items-center gap-2 rounded-card border border-border bg-raised px-3 py-2 shadow-md"
    >
      <p role="status" className="me-auto font-medium">
        {formatNumber(ids.length)} picked
      </p>
      <Button icon={RotateCcw} onClick={() => onOrder({ ...order, does: "replay" })}>
        Replay picked…
      </Button>
      <Button icon={Trash2} onClick={() => onOrder({ ...order, does: "discard" })}>
        Discard picked…
      </Button>
      <Button variant="ghost" icon={X} onClick={() => pick([])}>
        Leave all out
      </Button>
    </div>
  );
}

interface AllProps {
  filter: Filter;
  count: number;
  onOrder: (order: Order) => void;
}

/** Counts know no time; then the letters are named. */
export function AllActions({ filter, count, onOrder }: AllProps) {
  const [looking, setLooking] = useState<Order["does"]>();
  const order = async (does: Order["does"]) => {
    const { queue, kind, reason, since } = filter;
    if (!since) {
      onOrder({ does, select: { ...(queue && { queue }), ...(kind && { kind }), ...(reason && { reason }) }, count });
      return;
    }
    setLooking(does);
    try {
      const ids = await idsOf(filter);
      if (ids.length > 0) onOrder({ does, select: { ids }, count: ids.length });
      else toast({ title: "No open dead letter fits any more" });
    } catch (error) {
      toastProblem(error);
    } finally {
      setLooking(undefined);
    }
  };
  return (
    <>
      <Button icon={Trash2} loading={looking === "discard"} onClick={() => void order("discard")}>
        Discard all…
      </Button>
      <Button variant="primary" icon={RotateCcw} loading={looking === "replay"} onClick={() => void order("replay")}>
        Replay all…
      </Button>
    </>
  );
}
