/** The log as a file, with the filter that is set. */
import { Download } from "lucide-react";

import { toast } from "@/ui/toast";
import { useTenant } from "@/lib/session";
import { Button } from "@/ui/button";
import { Menu } from "@/ui/menu";

import { exportLog, type Format } from "./export";
import { NAMES, type Filter } from "./filter";

export function ExportMenu({ filter, newest }: { filter: Filter; newest: number | undefined }) {
  const { slug } = useTenant();
  const start = (format: Format) => {
    toast({
      title: "The export has begun",
      description: "You can go on working. The activity menu has the file when it is ready.",
    });
    void exportLog(format, filter, newest, slug);
  };
  const what = NAMES.some((name) => filter[name]) ? "Entries of this filter" : "All entries";
  return (
    <Menu
      align="end"
      label="Export the audit log"
      trigger={<Button icon={Download}>Export</Button>}
      items={[
        { heading: what },
        { label: "CSV, for spreadsheets", onSelect: () => start("csv") },
        { label: "JSON lines, for programs", onSelect: () => start("jsonl") },
      ]}
    />
  );
}
