/** Every step of a log-in but the first, which differs from place to place. */
import { lazy, Suspense } from "react";

import { takeUpdate } from "@/lib/updates";
import { Button } from "@/ui/button";
import { SkeletonText } from "@/ui/skeleton";

import { SecondFactor } from "./second-factor";
import type { Step } from "./steps";
import type { LogInUnderWay } from "./use-log-in";

// Few people come here, and they have scanning and typing to do anyway.
const Enrol = lazy(() => import("./enrol").then((module) => ({ default: module.Enrol })));
const RecoveryCodes = lazy(() => import("./enrol").then((module) => ({ default: module.RecoveryCodes })));

interface Heading {
  title: string;
  lead?: string;
}

export function headingOf(step: Step, start: Heading): Heading {
  switch (step.at) {
    case "second_factor":
      return { title: "Confirm that it is you", lead: "Your account has a second factor." };
    case "enrolment":
      return {
        title: "Set up a second factor",
        lead: "Your role needs one, so that a password alone opens nothing. It takes a minute and an authenticator app on your phone.",
      };
    case "recovery_codes":
      return {
        title: "Keep your recovery codes",
        lead: "Each of them logs you in once when the app or the phone is lost.",
      };
    case "unknown":
      return { title: "This page is too old" };
    default:
      return start;
  }
}

export function LogInSteps({ logIn, tenant }: { logIn: LogInUnderWay; tenant?: string | undefined }) {
  const { step } = logIn;
  switch (step.at) {
    case "second_factor":
      return <SecondFactor logIn={logIn} ticket={step.ticket} methods={step.methods} tenant={tenant} />;
    case "enrolment":
      return (
        <Suspense fallback={<SkeletonText lines={6} />}>
          <Enrol logIn={logIn} ticket={step.ticket} />
        </Suspense>
      );
    case "recovery_codes":
      return (
        <Suspense fallback={<SkeletonText lines={6} />}>
          <RecoveryCodes logIn={logIn} signedIn={step.signedIn} />
        </Suspense>
      );
    case "unknown":
      return (
        <>
          <p>The server asks for something that this page does not know. Load the new version of the page.</p>
          <Button variant="primary" onClick={takeUpdate}>
            Load the new version
          </Button>
        </>
      );
    default:
      return <SkeletonText lines={3} />;
  }
}
