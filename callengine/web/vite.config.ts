import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run dev` serves the pages with reload and passes the API to a running engine.
const engine = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: { chunkSizeWarningLimit: 1200, target: "es2022" },
  server: { proxy: { "/api": { target: engine, ws: true } } },
});
