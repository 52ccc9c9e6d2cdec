/** Everything that floats above the page. */
import { Copy, Ellipsis, LogOut, Pencil, Trash2, User } from "lucide-react";
import { useState } from "react";
import { Unreachable } from "@/lib/problems";
import { Button, IconButton } from "../button";
import { ConfirmDialog, Dialog } from "../dialog";
import { SelectField, TextField } from "../field";
import { Menu } from "../menu";
import { Card } from "../page";
import { PaletteDialog, type Command } from "../palette";
import { Popover } from "../popover";
import { SecretDialog } from "../secret-dialog";
import { Sheet } from "../sheet";
import { ShortcutsDialog } from "../shortcuts-sheet";
import { toast, toastProblem } from "../toast";
import { Tooltip } from "../tooltip";
import { LONG_WORD, NAMES } from "./samples";

const ROLES = NAMES.map((name, index) => ({ value: `${index}`, label: name || "No name" }));
type Open = "" | "dialog" | "secret" | "confirm" | "danger" | "failing" | "sheet" | "bottom" | "palette" | "shortcuts";

export function Layers() {
  const [open, setOpen] = useState<Open>("");
  const bind = (name: Open) => ({ open: open === name, onOpenChange: (next: boolean) => setOpen(next ? name : "") });
  const button = (name: Open, label: string) => <Button onClick={() => setOpen(name)}>{label}</Button>;
  return (
    <>
      <Card title="Dialogs and sheets">
        <div className="flex flex-wrap gap-2">
          {button("dialog", "Dialog")}
          {button("secret", "Secret")}
          {button("confirm", "Confirm")}
          {button("danger", "Confirm by typing")}
          {button("failing", "Confirm that fails")}
          {button("sheet", "Sheet")}
          {button("bottom", "Bottom sheet")}
          {button("palette", "Palette")}
          {button("shortcuts", "Shortcuts")}
        </div>
        <SampleDialog {...bind("dialog")} />
        {open === "secret" && (
          <SecretDialog
            of="The key"
            name={LONG_WORD}
            secret="a1b2c3d4e5f6"
            label="API key"
            file="key.txt"
            noun="key"
            ifLost="without it, make another one."
            onClose={() => setOpen("")}
          />
        )}
        <ConfirmDialog
          {...bind("confirm")}
          title="Remove 3 users?"
          description="They lose access at once. Their messages stay."
          confirm="Remove 3 users"
          danger
          onConfirm={async () => setOpen("")}
        />
        <ConfirmDialog
          {...bind("danger")}
          title="End this workspace?"
          description="Nothing can be brought back."
          confirm="End the workspace"
          danger
          typeToConfirm="acme"
          onConfirm={async () => setOpen("")}
        />
        <ConfirmDialog
          {...bind("failing")}
          title="Rotate the key?"
          description="The old key works for one more hour."
          confirm="Rotate"
          onConfirm={() => Promise.reject(new Unreachable())}
        />
        <Sheet {...bind("sheet")} title="Entry">
          <p>{LONG_WORD}</p>
        </Sheet>
        <Sheet {...bind("bottom")} title="Filters" side="bottom">
          <Button>Apply</Button>
        </Sheet>
        <PaletteDialog {...bind("palette")} commands={COMMANDS} />
        <ShortcutsDialog {...bind("shortcuts")} groups={GROUPS} />
      </Card>
      <Floating />
      <Toasts />
    </>
  );
}

function SampleDialog(props: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState("");
  return (
    <Dialog
      {...props}
      title="Invite a person"
      description="They get a link by mail."
      footer={
        <Button variant="primary" onClick={() => props.onOpenChange(false)}>
          Send the invitation
        </Button>
      }
    >
      <TextField label="Address" value={name} onChange={setName} />
      <SelectField label="Role" options={ROLES} value={role} onChange={setRole} />
    </Dialog>
  );
}

function Floating() {
  const [checked, setChecked] = useState(true);
  return (
    <Card title="Menus, popovers, tooltips">
      <div className="flex flex-wrap gap-2">
        <Menu
          trigger={<Button>Menu</Button>}
          items={[
            { heading: "Ada Lovelace" },
            { label: "Edit", icon: Pencil, hint: "E", onSelect: () => toast({ title: "Edited" }) },
            { label: "Profile", icon: User, to: "?part=texts" },
            { label: "Guide", href: "https://example.com" },
            { label: "Show archived", checked, onSelect: () => setChecked(!checked) },
            { label: LONG_WORD, icon: Copy },
            { label: "Not allowed", disabled: true, hint: "Owners only" },
            "separator",
            { label: "Remove", icon: Trash2, danger: true },
            { label: "Log out", icon: LogOut },
          ]}
        />
        <Menu trigger={<IconButton label="More" icon={Ellipsis} />} items={[{ label: "Edit" }]} />
        <Popover trigger={<Button>Popover</Button>} title="Between">
          <TextField label="From" type="date" value="" onChange={() => undefined} />
          <Button>Apply</Button>
        </Popover>
        <Tooltip text="Says a little more">
          <Button>Tooltip</Button>
        </Tooltip>
      </div>
    </Card>
  );
}

function Toasts() {
  return (
    <Card title="Toasts">
      <div className="flex flex-wrap gap-2">
        <Button onClick={() => toast({ title: "Saved", tone: "ok" })}>Toast</Button>
        <Button onClick={() => toast({ title: "3 users removed", undo: () => toast({ title: "They are back" }) })}>
          With undo
        </Button>
        <Button onClick={() => toast({ title: "Undo that fails", undo: () => Promise.reject(new Unreachable()) })}>
          With failing undo
        </Button>
        <Button
          onClick={() =>
            toast({
              title: "Export ready",
              action: { label: "Show", onClick: () => undefined },
              description: LONG_WORD,
            })
          }
        >
          With action
        </Button>
        <Button onClick={() => toastProblem(new Unreachable())}>Problem</Button>
      </div>
    </Card>
  );
}

const COMMANDS: Command[] = [
  ...["Users", "Invitations", "Roles", "API keys", "Audit log", "Sessions"].map((label) => ({
    id: `go-${label}`,
    label,
    group: "Go to",
    shortcut: `g ${label.charAt(0).toLowerCase()}`,
    run: () => toast({ title: `Went to ${label}` }),
  })),
  {
    id: "theme",
    label: "Change the theme",
    group: "Do",
    keywords: "dark light appearance",
    run: () => toast({ title: "Changed" }),
  },
  {
    id: "invite",
    label: "Invite a person",
    group: "Do",
    icon: User,
    shortcut: "mod+i",
    run: () => toast({ title: "Invited" }),
  },
];

const GROUPS = [
  {
    title: "Everywhere",
    shortcuts: [
      { keys: ["mod+k"], does: "Go anywhere" },
      { keys: ["?"], does: "This sheet" },
      { keys: ["g", "u"], does: "Users" },
    ],
  },
  {
    title: "Users",
    shortcuts: [
      { keys: ["j"], does: "Next" },
      { keys: ["k"], does: "Previous" },
      { keys: ["Enter"], does: "Open" },
    ],
  },
];
