/** The filters as chips; what they are set to lives in the address. */
import { Check } from "lucide-react";

import { useAddressChange } from "@/lib/address";
import { useHasOnlyOwn, useUser } from "@/lib/session";
import { cx } from "@/ui/cx";
import { ClearAll, FilterChip } from "@/ui/filter-chip";

import { countOf, NAMES, SLAS, STATUSES, withFilter, type Filter } from "./filter";
import { useColleagues } from "./queries";
import { PLATFORMS, platformName } from "./words";

const CHANNELS = PLATFORMS.map((value) => ({ value, label: platformName(value) }));

export function Filters({ filter }: { filter: Filter }) {
  const set = useAddressChange(withFilter);
  const { status, channel, assignee, unread, waiting, sla } = filter;
  const hasOnlyOwn = useHasOnlyOwn();
  const assignees = useAssignees(assignee);
  return (
    <>
      <FilterChip
        label="Status"
        value={status === "open" ? undefined : status}
        options={STATUSES}
        onChange={(next) => set({ status: next })}
        onClear={() => set({ status: undefined })}
      />
      <FilterChip
        label="Channel"
        value={channel}
        options={CHANNELS}
        onChange={(next) => set({ channel: next })}
        onClear={() => set({ channel: undefined })}
      />
      {!hasOnlyOwn && (
        <FilterChip
          label="With"
          value={assignee}
          options={assignees}
          onChange={(next) => set({ assignee: next })}
          onClear={() => set({ assignee: undefined })}
        />
      )}
      <Toggle label="Unread" isOn={unread ?? false} onChange={(isOn) => set({ unread: isOn ? "1" : undefined })} />
      <Toggle label="Waiting" isOn={waiting ?? false} onChange={(isOn) => set({ waiting: isOn ? "1" : undefined })} />
      <FilterChip
        label="Answer"
        value={sla}
        options={SLAS}
        onChange={(next) => set({ sla: next })}
        onClear={() => set({ sla: undefined })}
      />
      <ClearAll
        count={countOf(filter)}
        onClear={() => set(Object.fromEntries(NAMES.filter((name) => name !== "q").map((name) => [name, undefined])))}
      />
    </>
  );
}

function useAssignees(chosen: string | undefined) {
  const me = useUser().id;
  const others = useColleagues().filter(({ id, status }) => id !== me && (status === "active" || id === chosen));
  const known = others.some(({ id }) => id === chosen);
  return [
    { value: "me", label: "Me" },
    { value: "none", label: "Nobody" },
    ...others.map(({ id, name, email }) => ({ value: id, label: name || email })),
    ...(chosen?.startsWith("usr_") && !known ? [{ value: chosen, label: "A colleague" }] : []),
  ];
}

interface ToggleProps {
  label: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
}

function Toggle({ label, isOn, onChange }: ToggleProps) {
  return (
    <button
      type="button"
      aria-pressed={isOn}
      onClick={() => onChange(!isOn)}
      className={cx(
        "inline-flex min-h-7.5 items-center gap-1 rounded-control border border-control px-2 text-dense hover:bg-hover pointer-coarse:min-h-10",
        isOn ? "bg-selected font-medium text-accent-text" : "border-dashed text-muted",
      )}
    >
      {isOn && <Check size={14} aria-hidden />}
      {label}
    </button>
  );
}
