/** What a menu's button opens; see menu.tsx. */
import { Menu as Base } from "@base-ui/react/menu";
import { Check, ExternalLink } from "lucide-react";
import { Link } from "react-router";
import { cx } from "./cx";
import { FLOATING } from "./floating";
import type { MenuEntry, MenuItem, MenuProps } from "./menu";

export function MenuPopup({ trigger, label, items, header, align = "start", side = "bottom" }: MenuProps) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner align={align} side={side} sideOffset={4} collisionPadding={8} className="z-40 outline-none">
          <Base.Popup
            {...(label && { "aria-label": label })}
            className={cx(FLOATING, "max-h-(--available-height) max-w-80 min-w-48 overflow-y-auto p-1")}
          >
            {header && <div className="border-b border-border px-2 pt-1 pb-2 mb-1">{header}</div>}
            {items.map((item, index) => (
              <Row key={keyOf(item, index)} item={item} />
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

function keyOf(item: MenuItem, index: number): string {
  if (item === "separator") return `separator ${index}`;
  return "heading" in item ? `heading ${item.heading}` : `${index} ${item.label}`;
}

const ROW =
  "flex min-h-8 w-full items-center gap-2 rounded-control px-2 py-1 text-start text-base no-underline outline-none select-none data-disabled:opacity-50 data-highlighted:bg-hover pointer-coarse:min-h-10";

function Row({ item }: { item: MenuItem }) {
  if (item === "separator") return <Base.Separator className="-mx-1 my-1 h-px bg-border" />;
  if ("heading" in item) return <div className="px-2 pt-2 pb-1 text-xs font-medium text-muted">{item.heading}</div>;
  const className = cx(ROW, item.danger && "text-danger-text data-highlighted:bg-danger-soft");
  const common = { className, label: item.label };
  if (item.to !== undefined && !item.disabled) {
    return (
      <Base.LinkItem {...common} closeOnClick render={<Link to={item.to} />}>
        <Content item={item} />
      </Base.LinkItem>
    );
  }
  if (item.href !== undefined && !item.disabled) {
    return (
      <Base.LinkItem {...common} closeOnClick href={item.href} target="_blank" rel="noreferrer noopener">
        <Content item={item} external />
      </Base.LinkItem>
    );
  }
  const disabled = item.disabled ?? false;
  if (item.checked !== undefined) {
    return (
      <Base.CheckboxItem
        {...common}
        disabled={disabled}
        checked={item.checked}
        onCheckedChange={() => item.onSelect?.()}
        closeOnClick={item.closes ?? false}
      >
        <Content item={item} />
      </Base.CheckboxItem>
    );
  }
  return (
    <Base.Item {...common} disabled={disabled} onClick={() => item.onSelect?.()}>
      <Content item={item} />
    </Base.Item>
  );
}

function Content({ item, external = false }: { item: MenuEntry; external?: boolean }) {
  const { icon: Icon, label, hint, checked } = item;
  return (
    <>
      {checked !== undefined && <Check size={16} aria-hidden className={cx("shrink-0", !checked && "invisible")} />}
      {Icon && <Icon size={16} aria-hidden className={cx("shrink-0", !item.danger && "text-muted")} />}
      <span className="min-w-0 flex-1 truncate">{label}</span>
      {hint && <span className="shrink-0 text-xs text-muted">{hint}</span>}
      {external && <ExternalLink size={14} aria-hidden className="shrink-0 text-muted" />}
      {external && <span className="sr-only"> (opens in a new tab)</span>}
    </>
  );
}
