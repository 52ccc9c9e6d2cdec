/** A link in running text, inside the app or out of it. */
import { ExternalLink } from "lucide-react";
import type { ComponentProps } from "react";
import { Link } from "react-router";
import { cx } from "./cx";

const LOOK = "rounded-sm text-accent-text underline decoration-1 underline-offset-2 hover:decoration-2";

type TextLinkProps = { className?: string | undefined } & (
  | Omit<ComponentProps<typeof Link>, "className">
  | (Omit<ComponentProps<"a">, "className"> & { href: string; to?: undefined })
);

export function TextLink({ className, ...props }: TextLinkProps) {
  if (props.to !== undefined) return <Link {...props} className={cx(LOOK, className)} />;
  const { children, to: _, ...rest } = props;
  return (
    <a {...rest} target="_blank" rel="noreferrer noopener" className={cx(LOOK, className)}>
      {children}
      <ExternalLink size={12} aria-hidden className="ms-0.5 inline-block align-baseline" />
      <span className="sr-only"> (opens in a new tab)</span>
    </a>
  );
}
