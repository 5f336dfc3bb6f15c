// The start of the pages.

import "@fontsource-variable/golos-text";
import "@mantine/core/styles.css";
import "./app.css";
import { createTheme, MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { queries } from "./session";
import "./words";

const theme = createTheme({
  fontFamily: '"Golos Text Variable", system-ui, sans-serif',
  primaryColor: "petrol",
  colors: {
    petrol: ["#e3f1f6", "#c9e3ec", "#9fcedd", "#6cc0d9", "#3fa3c0", "#1a7b98", "#12708d", "#0d6580", "#0a5268", "#083f50"],
  },
  defaultRadius: 6,
  focusRing: "auto",
});

createRoot(document.getElementById("root")!).render(
  <MantineProvider theme={theme} defaultColorScheme="auto">
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </MantineProvider>,
);
