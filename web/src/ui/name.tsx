/** Names that people chose: in any script and direction, of any length, never breaking what stands around them. */
import type { ComponentProps } from "react";
import { cx } from "./cx";

/** Keeps a text of unknown direction from turning its neighbours around. */
export function Bdi({ className, ...rest }: ComponentProps<"bdi">) {
  return <bdi {...rest} className={cx("wrap-anywhere", className)} />;
}

interface PersonNameProps {
  name: string;
  email?: string | undefined;
  className?: string | undefined;
}

export function PersonName({ name, email, className }: PersonNameProps) {
  const shown = name.trim() || email || "No name";
  // The name keeps its own direction and the place of all names: a right-to-left one does not jump to the other side.
  return (
    <span className={cx("flex min-w-0 flex-col", className)}>
      <bdi className="block truncate text-left" title={shown}>
        {shown}
      </bdi>
      {email && email !== shown && (
        <bdi className="block truncate text-left text-dense font-normal text-muted" title={email}>
          {email}
        </bdi>
      )}
    </span>
  );
}
