/** Joins class names; of two that set the same property the later one counts. */
import { clsx, type ClassValue } from "clsx";
import { extendTailwindMerge } from "tailwind-merge";

// The names of tokens.css that tailwind-merge would take for a colour or not know at all.
const merge = extendTailwindMerge({
  extend: { theme: { text: ["dense", "title"], radius: ["control", "card"] } },
});

export function cx(...classes: ClassValue[]): string {
  return merge(clsx(classes));
}
