/** How launcher and panel look on the host page: inside a shadow root, so that neither page's rules reach the other. */
export const LOOK = `
:host{all:initial!important;position:fixed!important;z-index:2147483000!important;inset:auto!important;width:0!important;height:0!important}
*{box-sizing:border-box}
.launcher,.panel{position:fixed;bottom:calc(20px + env(safe-area-inset-bottom,0px));z-index:1}
.right .launcher,.right .panel{right:calc(20px + env(safe-area-inset-right,0px))}
.left .launcher,.left .panel{left:calc(20px + env(safe-area-inset-left,0px))}
.launcher{width:56px;height:56px;padding:0;border:0;border-radius:50%;cursor:pointer;display:grid;place-items:center;
background:var(--accent);color:var(--on-accent);box-shadow:0 2px 6px rgb(0 0 0/.18),0 8px 24px rgb(0 0 0/.18);transition:transform .15s}
.launcher:hover{transform:scale(1.05)}
.launcher:focus-visible{outline:3px solid var(--accent);outline-offset:3px;box-shadow:0 0 0 3px #fff}
.launcher svg{width:26px;height:26px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.badge{position:absolute;top:-4px;inset-inline-end:-4px;min-width:22px;height:22px;padding:0 6px;border-radius:11px;border:2px solid #fff;
background:#c62828;color:#fff;font:700 12px/18px system-ui,sans-serif;text-align:center}
.panel{bottom:calc(88px + env(safe-area-inset-bottom,0px));width:400px;height:min(640px,calc(100vh - 108px));max-width:calc(100vw - 40px);
overflow:hidden;border-radius:var(--radius);background:#fff;box-shadow:0 4px 12px rgb(0 0 0/.12),0 12px 48px rgb(0 0 0/.24);
visibility:hidden;opacity:0;transform:translateY(8px);transition:opacity .15s,transform .15s,visibility 0s .15s}
.open .panel{visibility:visible;opacity:1;transform:none;transition:opacity .15s,transform .15s}
iframe{display:block;width:100%;height:100%;border:0;color-scheme:normal}
.away{position:absolute;inset:0;display:flex;flex-direction:column;gap:16px;align-items:center;justify-content:center;padding:24px;
background:#fff;color:#18181b;font:400 16px/1.5 system-ui,sans-serif;text-align:center}
.away button{min-height:44px;padding:0 20px;border:0;border-radius:8px;background:var(--accent);color:var(--on-accent);font:inherit;cursor:pointer}
.away button:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
[hidden]{display:none!important}
.full .panel{inset:0;bottom:auto;width:100%;max-width:none;height:100vh;height:100dvh;border-radius:0}
.full.open .launcher{display:none}
@media (prefers-reduced-motion:reduce){.launcher,.panel,.open .panel{transition:none}}
@media print{.launcher,.panel{display:none}}
`;
