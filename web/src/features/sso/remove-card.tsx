/** Taking the connection away. */
import { useState } from "react";

import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/dialog";
import { Card } from "@/ui/page";
import { toast } from "@/ui/toast";

import { removeConnection } from "./queries";

export function RemoveCard() {
  const [open, setOpen] = useState(false);
  return (
    <Card
      title="Remove single sign-on"
      description="For a while only? Turn it off instead: the settings are kept then."
      actions={
        <Button className="text-danger-text" onClick={() => setOpen(true)}>
          Remove…
        </Button>
      }
    >
      <ConfirmDialog
        open={open}
        onOpenChange={setOpen}
        title="Remove single sign-on?"
        description="Issuer, client, its secret and the mapping of roles are deleted. People who have always logged in this way stay users, but need a password: they get a link for one at “Forgot password”."
        confirm="Remove single sign-on"
        danger
        onConfirm={async () => {
          await removeConnection();
          toast({ title: "Single sign-on removed", tone: "ok" });
        }}
      />
    </Card>
  );
}
