// Before the first paint: what the person chose under Settings › Appearance; see src/lib/appearance.ts.
try {
    const { theme, density } = JSON.parse(localStorage.getItem("socialai.appearance") ?? "{}");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    if (density === "compact") document.documentElement.dataset.density = density;
} catch {
    // Unreadable or forbidden storage: the system's theme.
}
