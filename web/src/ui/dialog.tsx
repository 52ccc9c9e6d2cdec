/** A question or a short form over the page. On a phone it is the whole screen. */
import { AlertDialog } from "@base-ui/react/alert-dialog";
import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import { Button, IconButton } from "./button";
import { cx } from "./cx";
import { TextField } from "./field-text";
import { SCRIM } from "./floating";
import { ProblemAlert } from "./problem";

interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: ReactNode;
  size?: "sm" | "md" | "lg" | undefined;
  footer?: ReactNode;
  className?: string | undefined;
  /** The page cannot go on without an answer: there is no cross, and Esc does nothing. */
  mustAnswer?: boolean | undefined;
  children?: ReactNode;
}

const FIELDS = "input:enabled:not([type=hidden]):not([hidden]), textarea:enabled";
const WIDTHS = { sm: "md:max-w-sm", md: "md:max-w-lg", lg: "md:max-w-3xl" };

const POPUP =
  "fixed z-30 flex flex-col border-border bg-raised text-text shadow-lg outline-none transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0 md:top-[12vh] md:left-1/2 md:max-h-[76vh] md:w-[calc(100vw-2rem)] md:-translate-x-1/2 md:rounded-card md:border";

export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  size = "md",
  footer,
  className,
  mustAnswer = false,
  children,
}: DialogProps) {
  const popup = useRef<HTMLDivElement>(null);
  return (
    // A slip of the mouse beside the dialog must not throw away what was typed in it; Esc and the cross close it.
    <Base.Root open={open} onOpenChange={(next) => !mustAnswer && onOpenChange(next)} disablePointerDismissal>
      <Base.Portal>
        {/* Over a sheet, too, from which it was opened. */}
        <Base.Backdrop forceRender className={SCRIM} />
        <Base.Popup
          ref={popup}
          // What is to be filled in comes first, or else the dialog itself: on the cross the tooltip would open and take
          // the first Esc. On a touch screen no keyboard jumps up.
          initialFocus={(by) =>
            by === "touch" || (popup.current?.querySelector<HTMLElement>(FIELDS) ?? popup.current ?? true)
          }
          className={cx("inset-0 md:inset-auto", POPUP, WIDTHS[size], className)}
        >
          <header className="flex items-start gap-2 px-4 pt-4">
            <div className="min-w-0 flex-1">
              <Base.Title className="text-lg font-semibold">{title}</Base.Title>
              {description && <Base.Description className="mt-1 text-muted">{description}</Base.Description>}
            </div>
            {!mustAnswer && <Base.Close render={<IconButton label="Close" icon={X} className="-me-1" />} />}
          </header>
          <div data-scroll-region className="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto p-4">
            {children}
          </div>
          {footer && (
            <footer className="flex flex-wrap justify-end gap-2 border-t border-border px-4 py-3 pb-[max(0.75rem,env(safe-area-inset-bottom))]">
              {footer}
            </footer>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

interface ConfirmDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  /** What will happen, to how many, and whether it can be undone. */
  description: ReactNode;
  /** "Remove 3 users": the button says what it does. */
  confirm: string;
  danger?: boolean | undefined;
  onConfirm: () => Promise<void>;
  /** What has to be typed first, where a slip would be very costly. */
  typeToConfirm?: string | undefined;
}

export function ConfirmDialog({ open, onOpenChange, ...props }: ConfirmDialogProps) {
  const [working, setWorking] = useState(false);
  return (
    <AlertDialog.Root open={open} onOpenChange={(next) => !working && onOpenChange(next)}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop forceRender className={SCRIM} />
        <AlertDialog.Popup
          className={cx("inset-x-4 top-[12vh] rounded-card border md:inset-x-auto", POPUP, "md:max-w-md")}
        >
          <Confirmation {...props} working={working} setWorking={setWorking} close={() => onOpenChange(false)} />
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

interface ConfirmationProps extends Omit<ConfirmDialogProps, "open" | "onOpenChange"> {
  working: boolean;
  setWorking: (working: boolean) => void;
  close: () => void;
}

/** Lives only while the dialog is open, so that what was typed or went wrong is gone the next time. */
function Confirmation({
  title,
  description,
  confirm,
  danger,
  onConfirm,
  typeToConfirm,
  working,
  setWorking,
  close,
}: ConfirmationProps) {
  const [typed, setTyped] = useState("");
  const [failure, setFailure] = useState<unknown>();
  const ready = typeToConfirm === undefined || typed.trim() === typeToConfirm;
  const run = async () => {
    if (!ready || working) return;
    setWorking(true);
    setFailure(undefined);
    try {
      await onConfirm();
      close();
    } catch (error) {
      setFailure(error);
    } finally {
      setWorking(false);
    }
  };
  return (
    <form
      className="flex flex-col gap-4 overflow-y-auto p-4"
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        void run();
      }}
    >
      <div>
        <AlertDialog.Title className="text-lg font-semibold">{title}</AlertDialog.Title>
        <AlertDialog.Description className="mt-1 text-muted" render={<div />}>
          {description}
        </AlertDialog.Description>
      </div>
      {typeToConfirm !== undefined && (
        <TextField label={`Type “${typeToConfirm}” to confirm`} value={typed} onChange={setTyped} autoComplete="off" />
      )}
      {failure !== undefined && <ProblemAlert error={failure} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button disabled={working} onClick={close}>
          Cancel
        </Button>
        <Button type="submit" variant={danger ? "danger" : "primary"} disabled={!ready} loading={working}>
          {confirm}
        </Button>
      </div>
    </form>
  );
}
