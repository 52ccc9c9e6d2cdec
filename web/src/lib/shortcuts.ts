/** Keyboard shortcuts: each page registers its own, and `?` lists those that work at the moment. */
import { useEffect, useLayoutEffect, useRef } from "react";
import { create } from "zustand";

export interface Shortcut {
  /** One key ("j", "?", "Enter"), a sequence ("g u"), or a chord ("mod+k"; mod is Ctrl, or ⌘ on a Mac). */
  keys: string;
  does: string;
  run: () => void;
}

interface Group {
  title: string;
  shortcuts: Shortcut[];
}

export const useShortcutGroups = create<{ groups: Group[] }>(() => ({ groups: [] }));

export const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Makes these shortcuts work while the component is shown. */
export function useShortcuts(title: string, shortcuts: Shortcut[]): void {
  const latest = useRef(shortcuts);
  useLayoutEffect(() => {
    latest.current = shortcuts;
  });
  const names = shortcuts.map(({ keys, does }) => `${keys}\t${does}`).join("\n");
  useEffect(() => {
    // Registered by their names only; running takes the newest closure.
    if (!names) return undefined;
    const registered = names.split("\n").map((line, index) => {
      const [keys = "", does = ""] = line.split("\t");
      return { keys, does, run: () => latest.current[index]?.run() };
    });
    const group = { title, shortcuts: registered };
    useShortcutGroups.setState(({ groups }) => ({ groups: [...groups, group] }));
    return () => useShortcutGroups.setState(({ groups }) => ({ groups: groups.filter((other) => other !== group) }));
  }, [title, names]);
}

/** What has the keyboard to itself. A note about what was done is a dialog too, by its role, and takes nothing away. */
const OVER_THE_PAGE = "[role=dialog]:not([aria-modal=false]),[role=alertdialog]:not([aria-modal=false]),[role=menu]";

/** How long the second key of a sequence may take. */
const SEQUENCE_MS = 1200;
let pending: { key: string; at: number } | undefined;

/** The one key listener of the app. */
export function listenForShortcuts(): () => void {
  const listener = (event: KeyboardEvent) => {
    const found = match(event);
    if (!found) return;
    event.preventDefault();
    found.run();
  };
  addEventListener("keydown", listener);
  return () => removeEventListener("keydown", listener);
}

function match(event: KeyboardEvent): Shortcut | undefined {
  if (event.defaultPrevented || event.isComposing || event.altKey) return undefined;
  const chord = isMac ? event.metaKey : event.ctrlKey;
  if ((event.metaKey || event.ctrlKey) && !chord) return undefined;
  // Typing is typing, and a dialog has the keyboard to itself; only chords reach through.
  if (!chord && (isTyping(event.target) || document.querySelector(OVER_THE_PAGE))) return undefined;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const before = pending && event.timeStamp - pending.at < SEQUENCE_MS ? pending.key : undefined;
  pending = { key, at: event.timeStamp };
  const wanted = chord ? [`mod+${key}`] : before ? [`${before} ${key}`, key] : [key];
  const all = useShortcutGroups.getState().groups.flatMap((group) => group.shortcuts);
  for (const keys of wanted) {
    // The page that came last is on top.
    const found = all.findLast((shortcut) => shortcut.keys === keys);
    if (found) return found;
  }
  return undefined;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
