/* Sets the theme before the first paint. Shares its choice with the admin, which keeps it under the same key. */
(() => {
  const KEY = "_x_adminTheme";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const read = () => {
    try {
      return JSON.parse(localStorage.getItem(KEY)) || "auto";
    } catch {
      return "auto";
    }
  };
  const apply = () => {
    const choice = read();
    document.documentElement.classList.toggle("dark", choice === "dark" || (choice === "auto" && dark.matches));
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    }
  };
  dark.addEventListener("change", apply);
  addEventListener("storage", (event) => event.key === KEY && apply());
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (button) {
      localStorage.setItem(KEY, JSON.stringify(button.dataset.themeChoice));
      apply();
    }
  });
  apply();
})();
