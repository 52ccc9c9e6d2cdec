/** Short notes about what has just happened, with a way back. Callable from anywhere. */
import { Toast } from "@base-ui/react/toast";
import { CircleCheck, Info, OctagonAlert, TriangleAlert, X, type LucideIcon } from "lucide-react";
import { describe } from "@/lib/problems";
import { buttonLook, IconButton } from "./button";
import { cx } from "./cx";

export type ToastTone = "neutral" | "ok" | "warn" | "danger";

interface ToastOptions {
  title: string;
  description?: string | undefined;
  tone?: ToastTone | undefined;
  /** Takes the change back; the toast stays longer for it. */
  undo?: (() => Promise<void> | void) | undefined;
  action?: { label: string; onClick: () => void } | undefined;
}

interface Data {
  tone: ToastTone;
}

const manager = Toast.createToastManager<Data>();
const SHORTEST_MS = 6000;
const WITH_ACTION_MS = 12_000;

const ICONS: Record<ToastTone, [LucideIcon, string]> = {
  neutral: [Info, "text-muted"],
  ok: [CircleCheck, "text-ok-text"],
  warn: [TriangleAlert, "text-warn-text"],
  danger: [OctagonAlert, "text-danger-text"],
};

export function toast({ title, description, tone = "neutral", undo, action }: ToastOptions): void {
  const id: string = manager.add({
    title,
    description,
    timeout: undo || action || tone === "danger" ? WITH_ACTION_MS : SHORTEST_MS,
    // Not "high": that hides the toast itself from screen readers and reads a copy, without its buttons.
    priority: "low",
    data: { tone },
    ...(undo && { actionProps: { children: "Undo", onClick: () => void takeBack(id, undo) } }),
    ...(action && {
      actionProps: {
        children: action.label,
        onClick: () => {
          manager.close(id);
          action.onClick();
        },
      },
    }),
  });
}

async function takeBack(id: string, undo: () => Promise<void> | void): Promise<void> {
  manager.close(id);
  try {
    await undo();
  } catch (error) {
    toastProblem(error);
  }
}

/** Tells of a failure that has no place of its own on the page. */
export function toastProblem(error: unknown): void {
  const { title, detail, advice, requestId } = describe(error);
  const text = [detail, advice, requestId && `Request ${requestId}`].filter(Boolean).join(" ");
  toast({ title, description: text, tone: "danger" });
}

export function Toaster() {
  return (
    <Toast.Provider toastManager={manager} limit={4}>
      <Toast.Portal>
        <Toast.Viewport className="fixed inset-x-4 bottom-4 z-50 mx-auto flex flex-col gap-2 pb-[env(safe-area-inset-bottom)] outline-none md:start-auto md:mx-0 md:w-96">
          <Toasts />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function Toasts() {
  const { toasts } = Toast.useToastManager<Data>();
  return toasts.map((shown) => {
    const [Icon, look] = ICONS[shown.data?.tone ?? "neutral"];
    return (
      <Toast.Root
        key={shown.id}
        toast={shown}
        className="rounded-card border border-border bg-raised text-text shadow-lg transition-opacity duration-150 data-ending-style:opacity-0 data-limited:hidden data-starting-style:opacity-0"
      >
        <Toast.Content className="flex items-start gap-2.5 p-3">
          <Icon size={16} aria-hidden className={cx("mt-0.5 shrink-0", look)} />
          <div className="min-w-0 flex-1">
            <Toast.Title className="font-medium" render={<p />} />
            <Toast.Description className="mt-0.5 text-muted" />
          </div>
          <Toast.Action className={buttonLook({ size: "sm" }, "empty:hidden")} />
          <Toast.Close render={<IconButton label="Dismiss" icon={X} size="sm" />} />
        </Toast.Content>
      </Toast.Root>
    );
  });
}
