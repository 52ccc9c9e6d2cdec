/**
 * The secret of a mailed link. It stands after `#`, which browsers send to nobody, and leaves the address bar at once, so
 * that it is in no bookmark, no screenshot and no list of visited pages.
 */
import { useLayoutEffect, useState } from "react";
import { useLocation, useNavigate } from "react-router";

import { secretIn } from "./link-secret-rules";

export function useLinkSecret(kind: "tk" | "inv"): string | undefined {
  const { hash, pathname, search } = useLocation();
  const navigate = useNavigate();
  const found = secretIn(hash, kind);
  const [secret, setSecret] = useState(found);
  // Another link that was opened in the same tab counts from now on.
  if (found && found !== secret) setSecret(found);
  useLayoutEffect(() => {
    if (hash) void navigate({ pathname, search }, { replace: true });
  }, [hash, pathname, search, navigate]);
  return secret;
}
