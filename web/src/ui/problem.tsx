/** The states of a page that has nothing to show, or that failed: what happened, what was not lost, what to do. */
import { BookOpen, CircleAlert, Copy, Lock, RotateCw, WifiOff, type LucideIcon } from "lucide-react";
import { useState, type ReactNode } from "react";
import { copyText } from "@/lib/browser";
import { describe } from "@/lib/problems";
import { Button } from "./button";
import { cx } from "./cx";
import { TextLink } from "./text-link";

interface ProblemAlertProps {
  error: unknown;
  title?: string | undefined;
  onRetry?: (() => void) | undefined;
  className?: string | undefined;
}

/** Where something failed inside a page or a form. */
export function ProblemAlert({ error, title, onRetry, className }: ProblemAlertProps) {
  const problem = describe(error);
  return (
    <div
      role="alert"
      className={cx("flex items-start gap-2.5 rounded-card bg-danger-soft p-3 text-danger-text", className)}
    >
      <CircleAlert size={16} aria-hidden className="mt-0.5 shrink-0" />
      <div className="min-w-0 flex-1">
        <p className="font-medium">{title ?? problem.title}</p>
        <p>{[problem.detail, problem.advice].filter(Boolean).join(" ")}</p>
        {problem.fields.length > 0 && (
          <ul className="mt-1 list-disc ps-5">
            {problem.fields.map(({ field, message }) => (
              <li key={`${field} ${message}`}>
                {field}: {message}
              </li>
            ))}
          </ul>
        )}
        <div className="flex flex-wrap items-center gap-x-4 gap-y-1 empty:hidden">
          {problem.requestId && <RequestId id={problem.requestId} />}
          {onRetry && (
            <Button size="sm" icon={RotateCw} className="mt-2" onClick={onRetry}>
              Try again
            </Button>
          )}
        </div>
      </div>
    </div>
  );
}

/** The number under which the operator finds this failure in the log. */
function RequestId({ id, className }: { id: string; className?: string }) {
  const [copied, setCopied] = useState<boolean>();
  const copy = async () => setCopied(await copyText(id));
  return (
    <button
      type="button"
      onClick={() => void copy()}
      className={cx(
        "mt-1 inline-flex min-h-6 max-w-full items-center gap-1.5 rounded-control text-dense pointer-coarse:min-h-10",
        className,
      )}
    >
      <span className="truncate">
        Request <span className="font-mono">{id}</span>
      </span>
      <Copy size={12} aria-hidden className="shrink-0" />
      <span className="sr-only">Copy</span>
      <span role="status">{copied === undefined ? "" : copied ? "Copied" : "Select and copy it yourself"}</span>
    </button>
  );
}

interface PaneProps {
  icon: LucideIcon;
  title: string;
  children: ReactNode;
  role?: "alert" | undefined;
  className?: string | undefined;
}

function Pane({ icon: Icon, title, children, role, className }: PaneProps) {
  return (
    <div
      role={role}
      className={cx(
        "mx-auto flex max-w-md flex-1 flex-col items-center justify-center px-4 py-16 text-center",
        className,
      )}
    >
      <Icon size={28} strokeWidth={1.5} aria-hidden className="mb-3 text-muted" />
      <h2 className="text-lg font-semibold">{title}</h2>
      <div className="mt-1 flex flex-col items-center gap-1 text-muted">{children}</div>
    </div>
  );
}

interface ErrorStateProps extends ProblemAlertProps {
  /** What was not lost. */
  kept?: string | undefined;
}

/** In place of a whole page or pane that could not be loaded. */
export function ErrorState({ error, title, kept, onRetry, className }: ErrorStateProps) {
  const problem = describe(error);
  return (
    <Pane
      icon={problem.code === "unreachable" ? WifiOff : CircleAlert}
      title={title ?? problem.title}
      role="alert"
      className={className}
    >
      <p>{problem.detail}</p>
      {kept && <p>{kept}</p>}
      {problem.advice && <p>{problem.advice}</p>}
      {onRetry && (
        <Button icon={RotateCw} className="mt-3 text-text" onClick={onRetry}>
          Try again
        </Button>
      )}
      {problem.requestId && <RequestId id={problem.requestId} className="mt-2" />}
    </Pane>
  );
}

interface NoPermissionProps {
  /** "see the audit log" */
  what: string;
  who?: string | undefined;
}

export function NoPermission({ what, who = "Ask an admin of this workspace." }: NoPermissionProps) {
  return (
    <Pane icon={Lock} title={`Your role may not ${what}`}>
      <p>{who}</p>
    </Pane>
  );
}

interface EmptyStateProps {
  icon: LucideIcon;
  title: string;
  /** What this is and why it is empty. */
  text: ReactNode;
  /** The one thing to do next. */
  action?: ReactNode;
  guide?: { to: string; label: string } | { href: string; label: string } | undefined;
  className?: string | undefined;
}

export function EmptyState({ icon, title, text, action, guide, className }: EmptyStateProps) {
  return (
    <Pane icon={icon} title={title} className={className}>
      <p>{text}</p>
      {action && <div className="mt-3 text-text">{action}</div>}
      {guide && (
        <p className="mt-2 flex items-center gap-1.5 text-dense">
          <BookOpen size={14} aria-hidden />
          {"to" in guide ? (
            <TextLink to={guide.to}>{guide.label}</TextLink>
          ) : (
            <TextLink href={guide.href}>{guide.label}</TextLink>
          )}
        </p>
      )}
    </Pane>
  );
}

/** Stands beside what cannot be done at the moment. */
export function OfflineNote({ className }: { className?: string | undefined }) {
  return (
    <p role="status" className={cx("flex items-center gap-1.5 text-dense text-warn-text", className)}>
      <WifiOff size={14} aria-hidden className="shrink-0" />
      You are offline. Reading works; changes wait until the connection is back.
    </p>
  );
}
