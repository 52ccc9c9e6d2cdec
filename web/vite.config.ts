import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { VitePWA } from "vite-plugin-pwa";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** The program whose API the development server passes requests on to. */
const server = process.env["SOCIALAI_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [
    react(),
    tailwindcss(),
    VitePWA({
      // The person decides when a new version takes over; see lib/updates.ts.
      registerType: "prompt",
      injectRegister: false,
      workbox: {
        globPatterns: ["**/*.{js,css,html,woff2,svg,png}"],
        navigateFallback: "/index.html",
        // Pages of the server's own, which the app must not answer for.
        navigateFallbackDenylist: [/^\/(api|v1|docs|health|ready|metrics|\.well-known|webhooks?|auth|widget)(\/|$)/],
        cleanupOutdatedCaches: true,
      },
      manifest: {
        name: "SocialAI Hub",
        short_name: "SocialAI",
        description: "Every social message of your company in one place",
        display: "standalone",
        start_url: "/",
        background_color: "#ffffff",
        theme_color: "#4f46e5",
        icons: [
          { src: "/icon-192.png", sizes: "192x192", type: "image/png" },
          { src: "/icon-512.png", sizes: "512x512", type: "image/png" },
          { src: "/icon-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
        ],
      },
    }),
  ],
  resolve: {
    alias: {
      "@": here("./src"),
      "@socialai/api-client": here("../api-client/src/index.ts"),
      // The client lives beside this folder and would look for its dependency there.
      "openapi-fetch": here("./node_modules/openapi-fetch"),
    },
  },
  // The manifest says which chunks a page needs; see scripts/budget.ts.
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    manifest: true,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // Hundreds of bytes each: as files of their own they would cost a request each.
            { name: "icons", test: /node_modules[\\/]lucide-react/ },
            // Changes seldom, so that a new version of the app leaves it in the browsers' caches.
            {
              name: "react",
              test: /node_modules[\\/](react|react-dom|react-router|scheduler|@tanstack[\\/](query-core|react-query)|zustand)[\\/]/,
            },
            // What every page needs of our own.
            {
              name: "lib",
              test: /src[\\/]lib[\\/](api|session|problems|clock|connection|locks|updates|query-client|appearance|shortcuts|format)\.ts/,
            },
            // What every page is shown with, and all that this needs: cut up it would be less well compressed.
            { name: "frame", test: /src[\\/]ui[\\/](provider|toast|tooltip|button|skeleton|avatar)\.tsx/ },
            { name: "navigation", test: /src[\\/](routes[\\/].*sections|shell[\\/](sections|use-is-wide))\.ts/ },
          ],
        },
      },
    },
  },
  server: {
    port: 5173,
    strictPort: true,
    // `changeOrigin` stays off: cookies and passkeys belong to the page's own host.
    proxy: Object.fromEntries(["/api", "/docs", "/ready"].map((path) => [path, { target: server }])),
  },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"], environment: "node" },
});
