/** Which platform something is of. Decoration: its name stands beside it. */
import { Camera, Globe, MessageCircle, type LucideIcon } from "lucide-react";
import { cx } from "./cx";

interface PlatformMarkProps {
  platform: string;
  /** Width and height in pixels. */
  size?: number | undefined;
  className?: string | undefined;
}

const LOOKS: Record<string, { colour: string; sign: string | LucideIcon }> = {
  facebook: { colour: "text-facebook", sign: "f" },
  instagram: { colour: "text-instagram", sign: Camera },
  x: { colour: "text-x", sign: "X" },
  linkedin: { colour: "text-linkedin", sign: "in" },
  web_chat: { colour: "text-webchat", sign: MessageCircle },
};

export function PlatformMark({ platform, size = 32, className }: PlatformMarkProps) {
  const { colour, sign: Sign } = LOOKS[platform] ?? { colour: "text-muted", sign: Globe };
  return (
    <span
      aria-hidden
      className={cx(
        "grid shrink-0 place-items-center rounded-control border border-border bg-surface leading-none font-bold select-none",
        colour,
        className,
      )}
      style={{ width: size, height: size, fontSize: Math.round(size * 0.5) }}
    >
      {typeof Sign === "string" ? Sign : <Sign size={Math.round(size * 0.55)} />}
    </span>
  );
}
