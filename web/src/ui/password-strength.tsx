/** How hard a new password would be to guess, in a word and a bar. */
import { cx } from "./cx";
import { LEAST, strengthOf, type Strength } from "./password-strength-rules";

const LOOKS: Record<Strength, { text: string; bars: number; tone: string }> = {
  empty: { text: `At least ${LEAST} characters; a few unrelated words are good.`, bars: 0, tone: "" },
  short: { text: `Too short: at least ${LEAST} characters.`, bars: 1, tone: "bg-danger" },
  weak: { text: "Easy to guess: add another word.", bars: 1, tone: "bg-danger" },
  fair: { text: "Fair.", bars: 2, tone: "bg-warn-text" },
  strong: { text: "Strong.", bars: 3, tone: "bg-ok-text" },
};

export function PasswordStrength({ password }: { password: string }) {
  const { text, bars, tone } = LOOKS[strengthOf(password)];
  return (
    <div className="flex flex-col gap-1">
      <div aria-hidden className="grid grid-cols-3 gap-1">
        {[1, 2, 3].map((bar) => (
          <span
            key={bar}
            className={cx("h-1 rounded-full transition-colors duration-150", bar <= bars ? tone : "bg-border")}
          />
        ))}
      </div>
      <p aria-live="polite" className="text-dense text-muted">
        {text}
      </p>
    </div>
  );
}
