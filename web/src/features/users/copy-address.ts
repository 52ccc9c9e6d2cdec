/** An e-mail address to the clipboard. */
import { copyText } from "@/lib/browser";
import { toast } from "@/ui/toast";

export async function copyAddress(email: string): Promise<void> {
  const copied = await copyText(email);
  toast(
    copied
      ? { title: "The address is copied", tone: "ok" }
      : { title: "This browser does not let the page copy", description: email },
  );
}
