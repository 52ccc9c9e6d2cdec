/** The log as a file, with the filter that is set. */
import { Download } from "lucide-react";

import { downloadBlob } from "@/lib/browser";
import { useTenant } from "@/lib/session";
import { Button } from "@/ui/button";
import { Menu } from "@/ui/menu";
import { toast } from "@/ui/toast";

import { exportLog, type Format } from "./export";
import { NAMES, type Filter } from "./filter";

export function ExportMenu({ filter, newest }: { filter: Filter; newest: number | undefined }) {
  const { slug } = useTenant();
  const start = async (format: Format) => {
    toast({
      title: "The export has begun",
      description: "You can go on working. The activity menu has the file when it is ready.",
    });
    const file = await exportLog(format, filter, newest, slug);
    if (!file) return;
    const download = () => downloadBlob(file.name, file.blob);
    toast({ title: "The export is ready", tone: "ok", action: { label: "Download", onClick: download } });
  };
  const what = NAMES.some((name) => filter[name]) ? "Entries of this filter" : "All entries";
  return (
    <Menu
      align="end"
      label="Export the audit log"
      trigger={<Button icon={Download}>Export</Button>}
      items={[
        { heading: what },
        { label: "CSV, for spreadsheets", onSelect: () => void start("csv") },
        { label: "JSON lines, for programs", onSelect: () => void start("jsonl") },
      ]}
    />
  );
}
