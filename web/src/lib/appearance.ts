/** How the app looks on this device. Kept here and not on the server: a phone and a desk differ. See public/theme.js. */
import { create } from "zustand";

export type Theme = "system" | "light" | "dark";
export type Density = "comfortable" | "compact";

interface Appearance {
  theme: Theme;
  density: Density;
  railCollapsed: boolean;
}

const KEY = "socialai.appearance";
const DEFAULT: Appearance = { theme: "system", density: "comfortable", railCollapsed: false };

export const useAppearance = create<Appearance>(() => read());

export function setAppearance(changes: Partial<Appearance>): void {
  useAppearance.setState(changes);
  const appearance = useAppearance.getState();
  try {
    localStorage.setItem(KEY, JSON.stringify(appearance));
  } catch {
    // Storage is full or forbidden: the choice lasts as long as the page.
  }
  apply(appearance);
}

/** Follows a choice that another tab made. */
export function followAppearance(): void {
  addEventListener("storage", (event) => {
    if (event.key !== KEY) return;
    useAppearance.setState(read());
    apply(useAppearance.getState());
  });
}

function read(): Appearance {
  try {
    return { ...DEFAULT, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Appearance>) };
  } catch {
    return DEFAULT;
  }
}

function apply({ theme, density }: Appearance): void {
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset["theme"];
  else dataset["theme"] = theme;
  if (density === "compact") dataset["density"] = density;
  else delete dataset["density"];
}
