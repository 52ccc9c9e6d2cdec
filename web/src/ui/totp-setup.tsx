/** Setting up an authenticator app: the picture for its camera, the same to be typed or opened, and the first code. */
import { lazy, Suspense, type ReactNode } from "react";
import { CodeField } from "./field-text";
import { CodeBlock } from "./code";
import { Skeleton } from "./skeleton";

const QrCode = lazy(() => import("./qr").then((module) => ({ default: module.QrCode })));

interface TotpSetupProps {
  /** `otpauth://…`; without it and the secret there are placeholders of the same size. */
  url: string | undefined;
  secret: string | undefined;
  code: string;
  onCode: (code: string) => void;
  /** All digits of the code are there. */
  onComplete?: ((code: string) => void) | undefined;
  error?: string | undefined;
}

export function TotpSetup({ url, secret, code, onCode, onComplete, error }: TotpSetupProps) {
  return (
    <ol className="flex flex-col gap-5">
      <Step number={1} title="Scan this with your authenticator app">
        <div className="flex flex-col items-center gap-2">
          <Suspense fallback={<Placeholder />}>
            {url === undefined ? <Placeholder /> : <QrCode value={url} label="QR code for the authenticator app" />}
          </Suspense>
          {url !== undefined && (
            <a href={url} className="rounded-sm text-accent-text underline underline-offset-2 md:hidden">
              The app is on this device: open it
            </a>
          )}
        </div>
        <div className="mt-3">
          <p className="mb-1 text-dense text-muted">No camera? Type this secret into the app instead.</p>
          {secret === undefined ? (
            <Skeleton className="h-16" />
          ) : (
            <CodeBlock text={grouped(secret)} label="Secret" copy wrap />
          )}
        </div>
      </Step>
      <Step number={2} title="Enter the code that it shows">
        <CodeField
          label="Code from the app"
          value={code}
          onChange={onCode}
          onComplete={onComplete}
          error={error}
          required
        />
      </Step>
    </ol>
  );
}

function Step({ number, title, children }: { number: number; title: string; children: ReactNode }) {
  return (
    <li className="flex gap-3">
      <span
        aria-hidden
        className="grid size-6 shrink-0 place-items-center rounded-full bg-sunken text-dense font-medium tabular-nums"
      >
        {number}
      </span>
      <div className="min-w-0 flex-1">
        <p className="mb-2 min-h-6 pt-0.5 font-medium">{title}</p>
        {children}
      </div>
    </li>
  );
}

/** As large as the picture. */
function Placeholder() {
  return <Skeleton className="size-[194px] rounded-card" />;
}

/** In fours, as people type; apps ignore the spaces. */
function grouped(secret: string): string {
  return secret.replace(/(.{4})(?=.)/g, "$1 ");
}
