/** The frame of a page: a strip with the title and the one primary action, and below it the content that scrolls. */
import { ArrowLeft } from "lucide-react";
import { createContext, useContext, useEffect, useId, type ReactNode } from "react";
import { Link } from "react-router";
import { cx } from "./cx";

const PRODUCT = "SocialAI Hub";

/** The tabs of all pages inside it, which need not know of each other. */
export const SharedTabs = createContext<ReactNode>(undefined);

interface PageProps {
  title: string;
  actions?: ReactNode;
  /** A row of chips; what they are set to lives in the URL. */
  filters?: ReactNode;
  tabs?: ReactNode;
  /** For forms and text: not wider than one reads with ease. */
  narrow?: boolean | undefined;
  /** Where the back arrow goes to, which phones show. */
  back?: string | undefined;
  className?: string | undefined;
  children?: ReactNode;
}

/** What the browser calls the page; for pages that have no frame of this kind. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · ${PRODUCT}`;
  }, [title]);
}

export function Page({ title, actions, filters, tabs: own, narrow, back, className, children }: PageProps) {
  const shared = useContext(SharedTabs);
  const tabs = own ?? shared;
  usePageTitle(title);
  return (
    <div className="flex h-full min-h-0 flex-col bg-surface">
      <header className="shrink-0 border-b border-border px-4 lg:px-6">
        <div className="flex min-h-13 flex-wrap items-center gap-x-2 gap-y-1 py-2">
          {back && (
            <Link
              to={back}
              aria-label="Back"
              className="-ms-2 grid size-10 shrink-0 place-items-center rounded-control text-muted hover:bg-hover md:hidden"
            >
              <ArrowLeft size={18} aria-hidden />
            </Link>
          )}
          <h1 className="min-w-0 flex-1 truncate text-title font-semibold" title={title} dir="auto">
            {title}
          </h1>
          {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
        </div>
        {tabs}
        {filters && (
          <div
            className={cx(
              "flex flex-wrap items-center gap-2 pb-2",
              tabs && "-mx-4 border-t border-border px-4 pt-2 lg:-mx-6 lg:px-6",
            )}
          >
            {filters}
          </div>
        )}
      </header>
      {/* A table inside scrolls with this region; see table.tsx. */}
      <div data-scroll-region className="min-h-0 flex-1 overflow-auto overscroll-contain">
        <div
          className={cx(
            "flex min-h-full flex-col gap-4 p-4 pb-[max(1rem,env(safe-area-inset-bottom))] lg:px-6",
            narrow && "max-w-2xl gap-6",
            className,
          )}
        >
          {children}
        </div>
      </div>
    </div>
  );
}

interface CardProps {
  title?: string | undefined;
  description?: ReactNode;
  actions?: ReactNode;
  footer?: ReactNode;
  className?: string | undefined;
  children?: ReactNode;
}

export function Card({ title, description, actions, footer, className, children }: CardProps) {
  const id = useId();
  return (
    <section
      {...(title && { "aria-labelledby": id })}
      className={cx("flex min-w-0 flex-col rounded-card border border-border bg-surface", className)}
    >
      <div className="flex flex-col gap-4 p-4">
        {(title || description || actions) && (
          <Heading id={id} title={title} description={description} actions={actions} />
        )}
        {children}
      </div>
      {footer && (
        <div className="flex flex-wrap items-center justify-end gap-2 border-t border-border px-4 py-3">{footer}</div>
      )}
    </section>
  );
}

interface SectionProps extends Omit<CardProps, "footer"> {
  title: string;
}

/** A part of a page with its own heading and no box around it. */
export function Section({ title, description, actions, className, children }: SectionProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={cx("flex min-w-0 flex-col gap-3", className)}>
      <Heading id={id} title={title} description={description} actions={actions} />
      {children}
    </section>
  );
}

function Heading({
  id,
  title,
  description,
  actions,
}: { id: string } & Pick<CardProps, "title" | "description" | "actions">) {
  return (
    <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
      <div className="min-w-0 flex-1 basis-48">
        {title && (
          <h2 id={id} className="text-lg font-semibold">
            {title}
          </h2>
        )}
        {description && <p className="text-muted">{description}</p>}
      </div>
      {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </div>
  );
}

interface DetailListProps {
  items: readonly { term: string; detail: ReactNode }[];
  className?: string | undefined;
}

export function DetailList({ items, className }: DetailListProps) {
  return (
    <dl className={cx("grid grid-cols-1 gap-x-6 gap-y-1 md:grid-cols-[minmax(8rem,auto)_1fr] md:gap-y-2", className)}>
      {items.map(({ term, detail }) => (
        <div key={term} className="contents">
          <dt className="text-muted">{term}</dt>
          <dd className="mb-2 min-w-0 md:mb-0">{detail}</dd>
        </div>
      ))}
    </dl>
  );
}
