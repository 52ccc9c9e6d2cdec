/** How the app looks on this device. */
import { setAppearance, useAppearance } from "@/lib/appearance";
import { RadioField } from "@/ui/field";
import { Card, Page } from "@/ui/page";
import { useMedia } from "@/ui/use-media";

import { ThemeChoice } from "./theme-choice";

const DENSITIES = [
  { value: "comfortable", label: "Comfortable", description: "More room around each line." },
  { value: "compact", label: "Compact", description: "More lines on the screen." },
];

export function Component() {
  const { theme, density } = useAppearance();
  const isStill = useMedia("(prefers-reduced-motion: reduce)");
  return (
    <Page title="Appearance" narrow>
      <p className="text-muted">Kept on this device only: your phone and your desk may differ. Changes show at once.</p>
      <Card title="Theme">
        <ThemeChoice value={theme} onChange={(next) => setAppearance({ theme: next })} />
      </Card>
      <Card title="Density">
        <RadioField
          label="Lists and tables"
          options={DENSITIES}
          value={density}
          onChange={(next) => setAppearance({ density: next === "compact" ? "compact" : "comfortable" })}
        />
      </Card>
      <Card title="Motion">
        <p>
          {isStill
            ? "Your system asks for less motion, so nothing here moves."
            : "Short fades only. To switch them off, ask your system for less motion; the app follows it."}
        </p>
      </Card>
    </Page>
  );
}
