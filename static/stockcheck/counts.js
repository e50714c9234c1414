/* Counting on a phone or PDA, and the plan form.

   [data-entry]   the entry form: its number is made here, so that a form sent twice is one entry; shows the quantity
                  in base units while it is typed; a scan that comes while a scanned quantity waits enters that first
   [data-scan]    the box for scans; scanners type like a keyboard, very fast, and end with Enter
   [data-scope]   parts of the plan form that belong to one choice of "scope" */

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const DEVICE = "stockcheck.device";
const device = () => {
  try {
    let name = localStorage.getItem(DEVICE);
    if (!name) {
      name = crypto.randomUUID();
      localStorage.setItem(DEVICE, name);
    }
    return name;
  } catch {
    return "";
  }
};

/* ---- exact decimals: what is shown is what will be stored ---- */
const PLACES = 4;
const plain = (text) => text.normalize("NFKC").replace("\u2212", "-").trim();
const units = (text) => {
  const match = /^(\d*)(?:\.(\d{0,4})0*)?$/.exec(plain(text));
  if (!match || plain(text) === "" || plain(text) === ".") return null;
  return BigInt(match[1] || "0") * 10n ** BigInt(PLACES) + BigInt((match[2] ?? "").padEnd(PLACES, "0"));
};
const written = (value) => {
  const digits = value.toString().padStart(PLACES + 1, "0");
  const whole = digits.slice(0, -PLACES).replace(/\B(?=(\d{3})+$)/g, ",");
  const rest = digits.slice(-PLACES).replace(/0+$/, "");
  return rest ? `${whole}.${rest}` : whole;
};
const times = (quantity, factor) => (quantity * factor + 5n * 10n ** BigInt(PLACES - 1)) / 10n ** BigInt(PLACES);

const convert = (form) => {
  const line = $("[data-conversion]", form);
  const quantity = units($("[data-quantity]", form).value);
  const unit = $("[data-units]", form).selectedOptions[0];
  const total = $("[data-total]", form);
  line.dataset.empty ??= line.textContent;
  if (quantity === null) {
    line.textContent = line.dataset.empty;
    return;
  }
  const base = times(quantity, units(unit.dataset.factor));
  const before = units(total.dataset.total) ?? 0n;
  const sum = before ? ` · ${written(before)} + ${written(base)} = ${written(before + base)} ${total.dataset.unit}` : "";
  line.textContent = `${written(quantity)} ${unit.value} = ${written(base)} ${total.dataset.unit}${sum}`;
};

const prepare = () => {
  const form = $("[data-entry]");
  if (form) {
    if (crypto.randomUUID) form.elements.entry_no.value = crypto.randomUUID();
    form.elements.device.value = device();
    convert(form);
    const quantity = $("[data-quantity]", form);
    quantity.focus({ preventScroll: true });
    quantity.select();
  } else {
    $("[data-scan] input")?.focus({ preventScroll: true });
  }
  $(".walk .on")?.scrollIntoView({ block: "nearest" });
};

document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-entry]");
  if (form) convert(form);
});

/* ---- scanners: a burst of keys that ends with Enter, wherever the cursor stands ---- */
const BURST = 40;
const SHORTEST = 6;
let keys = "";
let last = 0;
let before = null;
document.addEventListener(
  "keydown",
  (event) => {
    if (!$("[data-counting]") || event.ctrlKey || event.metaKey || event.altKey) return;
    const now = performance.now();
    if (now - last > BURST) {
      keys = "";
      before = event.target instanceof HTMLInputElement ? [event.target, event.target.value] : null;
    }
    last = now;
    if (event.key.length === 1) {
      keys += event.key;
      return;
    }
    if (event.key !== "Enter" || keys.length < SHORTEST || event.target.name === "code") return;
    event.preventDefault();
    event.stopPropagation();
    if (before) before[0].value = before[1];
    scanned(keys);
    keys = "";
  },
  true,
);

const scanned = (code) => {
  navigator.vibrate?.(30);
  const form = $("[data-entry][data-scanned]");
  if (form && units($("[data-quantity]", form).value) !== null) {
    form.elements.next_code.value = code;
    form.requestSubmit();
    return;
  }
  const box = $("[data-scan]");
  if (!box) return;
  box.elements.code.value = code;
  box.requestSubmit();
};

/* ---- the plan: only what belongs to the chosen scope ---- */
const scope = () => {
  const chosen = $("[name=scope]");
  if (!chosen) return;
  $$("[data-scope]").forEach((part) => (part.hidden = part.dataset.scope !== chosen.value));
};

document.addEventListener("change", scope);
document.addEventListener("htmx:afterSettle", prepare);
addEventListener("pageshow", prepare);
scope();
prepare();
