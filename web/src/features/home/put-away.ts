/** That somebody has put their finished first steps away, kept on this device. */
import { useState } from "react";

import { useTenant, useUser } from "@/lib/session";

export function usePutAway(): [isAway: boolean, putAway: () => void] {
  const [user, tenant] = [useUser(), useTenant()];
  const key = `socialai.first-steps.${tenant.id}.${user.id}`;
  const [, setTimes] = useState(0);
  const putAway = () => {
    try {
      localStorage.setItem(key, "away");
    } catch {
      // Storage is full or forbidden: they come back with the page.
    }
    setTimes((times) => times + 1);
  };
  return [read(key), putAway];
}

function read(key: string): boolean {
  try {
    return localStorage.getItem(key) === "away";
  } catch {
    return false;
  }
}
