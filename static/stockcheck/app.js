/* What every page does, by attributes; no state of its own. All texts come from the page.

   data-open="id" / data-close      open and close a <dialog>
   data-confirm="question"          on a form or its button: ask first (also hx-confirm)
   data-download                    on a form: the answer is a file, so the button is free again after a moment
   data-auto                        on a form: send when a field changes
   data-href                        on a table row: a click opens it (the row also holds a real link)
   data-dismiss                     close the note around it
   data-copy="text"                 copy to the clipboard; data-done holds the word to show afterwards
   data-print                       print the page
   data-drop                        a file drop around <input type="file">; data-name shows what was chosen
   data-bulk                        around rows to tick: data-all, data-count, data-bar, data-none (filters stay outside its form)
   data-passkey                     shown where the browser knows passkeys; data-passkey-failed after one was not accepted
   data-menu                        the side bar's button on a phone; data-find the search button there */

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/* ---- forms: one press, one request ---- */
const busy = (button, on) => {
  if (!button) return;
  button.toggleAttribute("data-working", on);
  button.setAttribute("aria-busy", String(on));
};
const submitterOf = (form, event) => event.submitter || $("[type=submit], button:not([type])", form);

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = submitterOf(form, event);
  if (event.defaultPrevented || form.method === "dialog") return;
  if (form.dataset.sent) return event.preventDefault();
  const question = button?.dataset.confirm || form.dataset.confirm;
  if (question && !form.dataset.confirmed) {
    event.preventDefault();
    return ask(question, () => {
      form.dataset.confirmed = "yes";
      form.requestSubmit(button?.type === "submit" ? button : undefined);
    });
  }
  delete form.dataset.confirmed;
  if (form.method === "get") return;
  form.dataset.sent = "yes";
  busy(button, true);
  if ("download" in form.dataset) setTimeout(() => release(form), 3000);
});
const release = (form) => {
  delete form.dataset.sent;
  $$("[data-working]", form).forEach((button) => busy(button, false));
};
addEventListener("pageshow", () => $$("form[data-sent]").forEach(release));
document.addEventListener("change", (event) => event.target.closest("form[data-auto]")?.requestSubmit());

/* ---- dialogs ---- */
const ask = (question, yes) => {
  const dialog = $("#ask");
  $("[data-question]", dialog).textContent = question;
  dialog.returnValue = "";
  dialog.onclose = () => dialog.returnValue === "yes" && yes();
  dialog.showModal();
};
document.addEventListener("click", (event) => {
  const target = event.target;
  for (const details of $$("details.pop[open], .org[open], .me[open]")) {
    if (!details.contains(target)) details.open = false;
  }
  const opener = target.closest("[data-open]");
  if (opener) {
    event.preventDefault();
    return document.getElementById(opener.dataset.open)?.showModal();
  }
  if (target.closest("[data-close]") || target instanceof HTMLDialogElement) return target.closest("dialog")?.close();
  if (target.closest("[data-dismiss]")) return target.closest(".note")?.remove();
  if (target.closest("[data-print]")) return print();
  const copy = target.closest("[data-copy]");
  if (copy) {
    return navigator.clipboard.writeText(copy.dataset.copy).then(() => {
      if (copy.dataset.done) copy.textContent = copy.dataset.done;
    });
  }
  if (target.closest("[data-menu]")) return menu(!$(".side").classList.contains("open"));
  if (!target.closest(".side")) menu(false);
  if (target.closest("[data-find]")) return find();
  const row = target.closest("tr[data-href]");
  if (row && !target.closest("a, button, input, label, select, summary") && !String(getSelection())) {
    if (event.metaKey || event.ctrlKey) open(row.dataset.href, "_blank");
    else location.assign(row.dataset.href);
  }
});

/* ---- shell: side bar and search on a phone, "/" anywhere ---- */
const menu = (on) => {
  $(".side")?.classList.toggle("open", on);
  $("[data-menu]")?.setAttribute("aria-expanded", String(on));
  if (on) $(".side a")?.focus();
};
const find = () => {
  const form = $(".find");
  form?.classList.add("open");
  $("input", form)?.focus();
};
document.addEventListener("focusout", (event) => event.target.closest?.(".find")?.classList.remove("open"));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    menu(false);
    $$("details.pop[open], .org[open], .me[open]").forEach((details) => {
      details.open = false;
      $("summary", details)?.focus();
    });
  }
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && $(".find input")) {
    event.preventDefault();
    find();
  }
});

/* ---- files ---- */
const chosen = (drop) => {
  const files = [...($("input[type=file]", drop)?.files ?? [])];
  const name = $("[data-name]", drop);
  drop.classList.toggle("full", files.length > 0);
  if (!name || !files.length) return;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  name.textContent = `${files.map((file) => file.name).join("、")} · ${(size / 1048576).toFixed(size < 1048576 ? 2 : 1)} MB`;
};
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const drop = event.target.closest?.("[data-drop]");
    if (!drop) return;
    drop.classList.toggle("over", kind === "dragover");
    if (kind === "dragleave") return;
    event.preventDefault();
    const input = $("input[type=file]", drop);
    if (kind === "drop" && event.dataTransfer.files.length) {
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
}
document.addEventListener("change", (event) => {
  const drop = event.target.closest("[data-drop]");
  if (drop) chosen(drop);
});

/* ---- rows to tick ---- */
const tally = (form) => {
  const boxes = $$("tbody input[type=checkbox]", form);
  const ticked = boxes.filter((box) => box.checked);
  boxes.forEach((box) => box.closest("tr")?.classList.toggle("on", box.checked));
  const all = $("[data-all]", form);
  if (all) {
    all.checked = ticked.length > 0 && ticked.length === boxes.length;
    all.indeterminate = ticked.length > 0 && ticked.length < boxes.length;
  }
  $$("[data-count]", form).forEach((count) => (count.textContent = String(ticked.length)));
  $$("[data-bar]", form).forEach((bar) => (bar.hidden = ticked.length === 0));
};
document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-bulk]");
  if (!form) return;
  if (event.target.matches("[data-all]")) {
    $$("tbody input[type=checkbox]:not(:disabled)", form).forEach((box) => (box.checked = event.target.checked));
  }
  tally(form);
});
document.addEventListener("click", (event) => {
  const form = event.target.closest("[data-none]")?.closest("[data-bulk]");
  if (!form) return;
  $$("tbody input[type=checkbox]", form).forEach((box) => (box.checked = false));
  tally(form);
});

/* ---- htmx: token, refusals, network ---- */
const say = (id) => {
  const note = document.getElementById(id)?.content.firstElementChild.cloneNode(true);
  $("#messages [data-said]")?.remove();
  note?.setAttribute("data-said", id);
  if (note) $("#messages")?.prepend(note);
};
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = $("meta[name=csrf-token]")?.content ?? "";
});
document.addEventListener("htmx:confirm", (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  ask(event.detail.question, () => event.detail.issueRequest(true));
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.requestConfig.verb !== "get") busy(pressed(event), true);
});
document.addEventListener("htmx:afterRequest", (event) => {
  busy(pressed(event), false);
  if (event.target instanceof HTMLFormElement) release(event.target);
});
const pressed = (event) => {
  const element = event.detail.elt;
  return element.matches("form") ? $("[type=submit], button:not([type])", element) : element.closest("button");
};
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status >= 400 && xhr.responseText.includes("data-refused")) {
    Object.assign(event.detail, { shouldSwap: true, isError: false, target: $("#messages"), swapOverride: "innerHTML" });
  }
});
document.addEventListener("htmx:responseError", () => say("say-error"));
document.addEventListener("htmx:sendError", () => say("say-offline"));
document.addEventListener("htmx:load", () => $$("[data-bulk]").forEach(tally));

$$("[data-bulk]").forEach(tally);
// An address of digits can own no passkey.
if (window.PublicKeyCredential && !/^[\d.]+$|^\[/.test(location.hostname)) {
  $$("[data-passkey]").forEach((button) => (button.hidden = false));
}
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  $$("[data-passkey-failed]").forEach((note) => (note.hidden = false));
});
$$("dialog[data-show]").forEach((dialog) => dialog.showModal());
