/** Recovery codes are shown once. The dialog around them must be answered: there is no cross to close it by mistake. */
import { Button } from "@/ui/button";
import { Secret } from "@/ui/code";
import { FormActions } from "@/ui/form-actions";

export function RecoveryCodes({ codes, done }: { codes: string[]; done: () => void }) {
  return (
    <>
      <p>
        Each of these codes logs you in once when you do not have your authenticator app at hand. Keep them where you
        keep your passwords, and not only on the device that the app is on.
      </p>
      <Secret text={codes.join("\n")} label="Recovery codes" file="socialai-recovery-codes.txt" />
      <FormActions>
        <Button variant="primary" onClick={done}>
          I have kept them
        </Button>
      </FormActions>
    </>
  );
}
