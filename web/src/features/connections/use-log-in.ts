/** Going to a platform to log in there, in this tab. What it brings back is read by `returns.ts`. */
import { useEffect } from "react";

import { useAction } from "@/lib/use-action";
import { toastProblem } from "@/ui/toast";

import { beginConnection, type PlatformName } from "./queries";
import { isWebAddress } from "./returns";

export function useLogIn(platform: PlatformName, usesOwnApp?: boolean) {
  const action = useAction(async () => {
    const address = await beginConnection(platform, usesOwnApp);
    if (!isWebAddress(address)) throw new Error("The server did not answer with the platform's address.");
    location.assign(address);
  }, leave);
  useEffect(() => {
    if (action.error !== undefined) toastProblem(action.error);
  }, [action.error]);
  return action;
}

/** The browser is on its way to the platform. */
const leave = () => undefined;
