/** Columns of a table: how wide they are and which of them the reader wants to see. */
import { useState, type ReactNode } from "react";

export interface Column<R> {
  id: string;
  header: string;
  cell: (row: R) => ReactNode;
  /** Pixels, or "1fr" for a share of what is left (at least 8 rem); several texts share it evenly. */
  width?: number | "1fr" | undefined;
  align?: "end" | undefined;
  /** The reader may hide it; with `hiddenByDefault` it has to be chosen first. */
  optional?: boolean | undefined;
  hiddenByDefault?: boolean | undefined;
}

const LEAST_FLEXIBLE = 128;
export const MENU_WIDTH = 44;

/** The grid of all rows. */
export function gridOf<R>(columns: readonly Column<R>[], withMenu: boolean): { template: string; least: number } {
  const fixed = columns.map(({ width = "1fr" }) => (width === "1fr" ? LEAST_FLEXIBLE : width));
  const tracks = columns.map(({ width = "1fr" }) =>
    width === "1fr" ? `minmax(${LEAST_FLEXIBLE}px, 1fr)` : `${width}px`,
  );
  // A table of fixed columns only would leave a hole at its right: the first one takes what is left.
  if (tracks[0] !== undefined && !columns.some(({ width = "1fr" }) => width === "1fr"))
    tracks[0] = `minmax(${fixed[0]}px, 1fr)`;
  if (withMenu) tracks.push(`${MENU_WIDTH}px`);
  return { template: tracks.join(" "), least: fixed.reduce((sum, width) => sum + width, withMenu ? MENU_WIDTH : 0) };
}

type Choice = Record<string, boolean>;

export interface ColumnChoice<R> {
  shown: Column<R>[];
  optional: { id: string; header: string; shown: boolean }[];
  toggle: (id: string) => void;
}

export function useColumnChoice<R>(columns: readonly Column<R>[], storageKey: string | undefined): ColumnChoice<R> {
  const key = storageKey === undefined ? undefined : `socialai.columns.${storageKey}`;
  const [choice, setChoice] = useState(() => readChoice(key));
  const isShown = (column: Column<R>) => !isOptional(column) || (choice[column.id] ?? !column.hiddenByDefault);
  return {
    shown: columns.filter(isShown),
    optional: columns
      .filter(isOptional)
      .map((column) => ({ id: column.id, header: column.header, shown: isShown(column) })),
    toggle: (id) => {
      const column = columns.find((other) => other.id === id);
      if (!column) return;
      const next = { ...choice, [id]: !isShown(column) };
      setChoice(next);
      writeChoice(key, next);
    },
  };
}

function isOptional<R>({ optional, hiddenByDefault }: Column<R>): boolean {
  return optional === true || hiddenByDefault === true;
}

function readChoice(key: string | undefined): Choice {
  if (key === undefined) return {};
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "{}");
    if (typeof kept !== "object" || kept === null) return {};
    return Object.fromEntries(Object.entries(kept).filter(([, shown]) => typeof shown === "boolean"));
  } catch {
    return {};
  }
}

function writeChoice(key: string | undefined, choice: Choice): void {
  if (key === undefined) return;
  try {
    localStorage.setItem(key, JSON.stringify(choice));
  } catch {
    // Storage is full or forbidden: the choice lasts as long as the page.
  }
}
