/** A person's or a workspace's initials. Decoration: the name stands beside it. */
import { colourOf, initials } from "./avatar-rules";
import { cx } from "./cx";

interface AvatarProps {
  name: string;
  /** Width and height in pixels. */
  size?: number | undefined;
  /** Workspaces are square, people are round. */
  square?: boolean | undefined;
  className?: string | undefined;
}

export function Avatar({ name, size = 28, square = false, className }: AvatarProps) {
  return (
    <span
      aria-hidden
      className={cx(
        "grid shrink-0 place-items-center overflow-hidden leading-none font-semibold text-on-avatar select-none",
        square ? "rounded-control" : "rounded-full",
        className,
      )}
      style={{
        width: size,
        height: size,
        fontSize: Math.round(size * 0.4),
        background: `var(--c-avatar-${colourOf(name)})`,
      }}
    >
      {initials(name)}
    </span>
  );
}
