/** A widget on its account's page: the line for the website, and how it looks and speaks. */
import { useState } from "react";

import { useCan } from "@/lib/session";
import { Card } from "@/ui/page";
import { ErrorState, ProblemAlert } from "@/ui/problem";
import { Delayed, Skeleton } from "@/ui/skeleton";

import { useWidget } from "./queries";
import { WidgetForm } from "./widget-form";
import { Install } from "./widget-install";

export function WidgetSection({ id, isOver }: { id: string; isOver: boolean }) {
  const mayManage = useCan("channels:manage");
  const [zone] = useState(() => new Intl.DateTimeFormat().resolvedOptions().timeZone);
  const { data: widget, error, refetch } = useWidget(id);
  if (!widget) {
    if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
    return (
      <Delayed>
        <Skeleton className="h-32 rounded-card" />
        <Skeleton className="h-96 rounded-card" />
      </Delayed>
    );
  }
  return (
    <>
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {!isOver && (
        <Card title="On your website">
          <Install widget={widget} />
        </Card>
      )}
      {mayManage && !isOver && <WidgetForm key={id} widget={widget} timeZone={zone} />}
    </>
  );
}
