/** The company's colour made readable: contrast as WCAG 2.1 defines it. */
export type Rgb = readonly [number, number, number];

export const DEFAULT_ACCENT = "#4f46e5";
const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];
/** What an accent stands on in either mode; also in frame.css. */
const SURFACE: Record<"light" | "dark", Rgb> = { light: WHITE, dark: [24, 24, 30] };
export const TEXT_CONTRAST = 4.5;

/** #rgb or #rrggbb; anything else is none. */
export function parse(colour: string): Rgb | null {
  const digits = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(colour.trim())?.[1];
  if (!digits) return null;
  const full = digits.length === 3 ? digits.replace(/./g, "$&$&") : digits;
  const value = Number.parseInt(full, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

export const hex = (rgb: Rgb): string => `#${rgb.map((part) => part.toString(16).padStart(2, "0")).join("")}`;

function luminance(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export function contrast(one: Rgb, other: Rgb): number {
  const [lower = 0, higher = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (higher + 0.05) / (lower + 0.05);
}

/** Black or white: one of them always has at least 4.5. */
export const on = (accent: Rgb): Rgb => (contrast(accent, WHITE) >= TEXT_CONTRAST ? WHITE : BLACK);

/** The accent as a text or an edge on the page's own surface: as it is when it can be read, else darker or lighter. */
export function readable(accent: Rgb, mode: "light" | "dark"): Rgb {
  const surface = SURFACE[mode];
  const towards = mode === "light" ? BLACK : WHITE;
  for (let share = 0; share <= 1; share += 0.05) {
    const mixed = accent.map((part, index) => Math.round(part + ((towards[index] ?? 0) - part) * share));
    const [red = 0, green = 0, blue = 0] = mixed;
    if (contrast([red, green, blue], surface) >= TEXT_CONTRAST) return [red, green, blue];
  }
  return towards;
}

export interface Palette {
  accent: string;
  on_accent: string;
  accent_text: string;
}

export function palette(accent: string, mode: "light" | "dark"): Palette {
  const rgb = parse(accent) ?? parse(DEFAULT_ACCENT) ?? BLACK;
  return { accent: hex(rgb), on_accent: hex(on(rgb)), accent_text: hex(readable(rgb, mode)) };
}
