/** Buttons, and links that look like one. The primary variant stands once on a page: it is the next thing to do. */
import type { ClassValue } from "clsx";
import { LoaderCircle, type LucideIcon } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { Link } from "react-router";
import { cx } from "./cx";
import { Tooltip } from "./tooltip";

export type ButtonVariant = "primary" | "secondary" | "ghost" | "danger";
export type ButtonSize = "md" | "sm";

const VARIANTS: Record<ButtonVariant, string> = {
  primary: "border-transparent bg-accent text-on-accent not-aria-disabled:hover:bg-accent-hover",
  secondary: "border-control bg-surface text-text not-aria-disabled:hover:bg-hover aria-expanded:bg-hover",
  ghost: "border-transparent bg-transparent text-text not-aria-disabled:hover:bg-hover aria-expanded:bg-hover",
  danger: "border-transparent bg-danger text-on-danger not-aria-disabled:hover:bg-danger-hover",
};

const SIZES: Record<ButtonSize, string> = {
  md: "min-h-8 px-3 py-1 text-base",
  sm: "min-h-7 px-2 py-0.5 text-dense",
};

interface Look {
  variant?: ButtonVariant | undefined;
  size?: ButtonSize | undefined;
}

export function buttonLook({ variant = "secondary", size = "md" }: Look, ...more: ClassValue[]): string {
  return cx(
    "relative inline-flex shrink-0 items-center justify-center gap-1.5 rounded-control border font-medium select-none",
    "transition-colors duration-100 disabled:opacity-50 aria-disabled:opacity-50 pointer-coarse:min-h-10",
    VARIANTS[variant],
    SIZES[size],
    ...more,
  );
}

interface ButtonProps extends ComponentProps<"button">, Look {
  icon?: LucideIcon | undefined;
  /** Work is under way: the button keeps its width and its focus, and further presses do nothing. */
  loading?: boolean | undefined;
}

export function Button({ variant, size, icon: Icon, loading, className, children, ...rest }: ButtonProps) {
  const busy = loading === true;
  const button = (
    <button
      type="button"
      {...rest}
      className={buttonLook({ variant, size }, busy && "aria-disabled:opacity-100", className)}
      {...(busy && { "aria-busy": true, "aria-disabled": true, onClick: (event) => event.preventDefault() })}
    >
      <Content icon={Icon} hidden={busy}>
        {children}
      </Content>
      {busy && (
        <span className="absolute inset-0 grid place-items-center">
          <LoaderCircle size={16} aria-hidden className="animate-spin" />
        </span>
      )}
    </button>
  );
  if (loading === undefined) return button;
  return (
    <>
      {button}
      {/* Outside the button: what is inside counts as its name and is not announced when it changes. */}
      <span role="status" className="sr-only">
        {busy && "Working…"}
      </span>
    </>
  );
}

function Content({
  icon: Icon,
  hidden,
  children,
}: {
  icon: LucideIcon | undefined;
  hidden: boolean;
  children: ReactNode;
}) {
  return (
    <span className={cx("inline-flex min-w-0 items-center gap-1.5", hidden && "opacity-0")}>
      {Icon && <Icon size={16} aria-hidden className="shrink-0" />}
      {children}
    </span>
  );
}

interface IconButtonProps extends Omit<ComponentProps<"button">, "children">, Look {
  /** What it does; the name for screen readers and the tooltip. */
  label: string;
  icon: LucideIcon;
  loading?: boolean | undefined;
}

export function IconButton({
  label,
  icon: Icon,
  variant = "ghost",
  size,
  loading,
  className,
  ...rest
}: IconButtonProps) {
  const busy = loading === true;
  return (
    <Tooltip text={label}>
      <button
        type="button"
        aria-label={label}
        {...rest}
        className={buttonLook(
          { variant, size },
          "w-8 px-0 pointer-coarse:w-10",
          size === "sm" && "w-7",
          busy && "aria-disabled:opacity-100",
          className,
        )}
        {...(busy && { "aria-busy": true, "aria-disabled": true, onClick: (event) => event.preventDefault() })}
      >
        {busy ? <LoaderCircle size={16} aria-hidden className="animate-spin" /> : <Icon size={16} aria-hidden />}
      </button>
    </Tooltip>
  );
}

interface LinkButtonProps extends ComponentProps<typeof Link>, Look {
  icon?: LucideIcon | undefined;
}

export function LinkButton({ variant, size, icon, className, children, ...rest }: LinkButtonProps) {
  return (
    <Link {...rest} className={buttonLook({ variant, size }, "no-underline", className)}>
      <Content icon={icon} hidden={false}>
        {children}
      </Content>
    </Link>
  );
}
