/* The file stays on this device: only its SHA-256 is sent. Where the browser cannot add it up, the form is sent. */
const form = document.querySelector("form[data-verify]");

form?.addEventListener("submit", async (event) => {
  const file = form.querySelector("input[type=file]").files[0];
  if (!file || !globalThis.crypto?.subtle) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  const text = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  location.assign(form.dataset.verify.replace("0".repeat(64), text));
}, true);
