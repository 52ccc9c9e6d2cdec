/** What the keyboard can do at the moment; opened with `?`. */
import { Dialog } from "./dialog";
import { Kbd } from "./kbd";

export { Kbd } from "./kbd";

interface ShortcutsDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  groups: readonly { title: string; shortcuts: readonly { keys: readonly string[]; does: string }[] }[];
}

export function ShortcutsDialog({ open, onOpenChange, groups }: ShortcutsDialogProps) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keyboard shortcuts" size="lg">
      <div className="gap-x-8 md:columns-2">
        {groups.map(({ title, shortcuts }) => (
          <section key={`${title} ${shortcuts.map(({ does }) => does).join(" ")}`} className="mb-6 break-inside-avoid">
            <h3 className="mb-1 font-semibold">{title}</h3>
            <dl>
              {shortcuts.map(({ keys, does }) => (
                <div
                  key={`${keys.join(" ")} ${does}`}
                  className="flex min-h-8 items-center justify-between gap-4 border-b border-border py-1"
                >
                  <dt>{does}</dt>
                  <dd className="flex shrink-0 items-center gap-1">
                    {keys.map((key, at) => (
                      <span key={keys.slice(0, at + 1).join(" ")} className="flex items-center gap-1">
                        {at > 0 && <span className="text-xs text-muted">then</span>}
                        <Kbd>{key}</Kbd>
                      </span>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
