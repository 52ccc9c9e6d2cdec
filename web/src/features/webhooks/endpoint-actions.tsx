/** What can be done with an endpoint. */
import { Ellipsis, Pencil, Power, Repeat, Send, Trash2 } from "lucide-react";
import { useEffect } from "react";

import { useAction } from "@/lib/use-action";
import { Button, IconButton } from "@/ui/button";
import { Menu, type MenuItem } from "@/ui/menu";
import { toastProblem } from "@/ui/toast";

import { sendTest, type Endpoint } from "./queries";

/** A dialog that is open. */
export type Asked = "edit" | "rotate" | "disable" | "remove" | "replay";

interface Props {
  endpoint: Endpoint;
  onAsk: (asked: Asked) => void;
  onTested: (delivery: string) => void;
}

export function EndpointActions({ endpoint, onAsk, onTested }: Props) {
  const test = useAction(
    (header) => sendTest(endpoint.id, header),
    ({ id }) => onTested(id),
  );
  useEffect(() => {
    if (test.error !== undefined) toastProblem(test.error);
  }, [test.error]);
  const items: MenuItem[] = [
    { label: "Rotate the secret…", icon: Repeat, onSelect: () => onAsk("rotate") },
    ...(endpoint.enabled ? [{ label: "Switch off…", icon: Power, onSelect: () => onAsk("disable") }] : []),
    "separator",
    { label: "Remove…", icon: Trash2, danger: true, onSelect: () => onAsk("remove") },
  ];
  return (
    <>
      <Button icon={Send} loading={test.isRunning} onClick={test.run}>
        Send a test event
      </Button>
      <Button icon={Pencil} onClick={() => onAsk("edit")}>
        Change…
      </Button>
      <Menu trigger={<IconButton label="More" icon={Ellipsis} />} items={items} align="end" />
    </>
  );
}
