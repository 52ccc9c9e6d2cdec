/** Why nothing was connected, and what to do; shown until somebody does something about it. */
import { LogIn, TriangleAlert, X } from "lucide-react";

import { Button, IconButton } from "@/ui/button";

import { explain } from "./returns";

interface Props {
  platform: string;
  error: string;
  onRetry: (() => void) | undefined;
  onClose: () => void;
}

export function ReturnNote({ platform, error, onRetry, onClose }: Props) {
  const { title, text, advice } = explain({ platform, error });
  return (
    <div role="alert" className="flex items-start gap-2.5 rounded-card bg-warn-soft p-4 text-warn-text">
      <TriangleAlert size={18} aria-hidden className="mt-0.5 shrink-0" />
      <div className="min-w-0 flex-1">
        <p className="font-semibold">{title}</p>
        <p>{text}</p>
        <p>{advice}</p>
        {onRetry && (
          <Button size="sm" icon={LogIn} className="mt-2 text-text" onClick={onRetry}>
            Connect again…
          </Button>
        )}
      </div>
      <IconButton label="Dismiss" icon={X} size="sm" onClick={onClose} />
    </div>
  );
}
