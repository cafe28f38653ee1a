// Drafts, one submission per press, errors that take focus, and a word before unsent text is lost.
const store = {
  get(key) { try { return localStorage.getItem(`draft:${key}`); } catch { return null; } },
  set(key, text) { try { text ? localStorage.setItem(`draft:${key}`, text) : localStorage.removeItem(`draft:${key}`); } catch { /* private mode */ } },
};

for (const element of document.querySelectorAll("[data-draft-clear]")) {
  for (const key of element.dataset.draftClear.split(" ")) if (key) store.set(key, "");
}

document.querySelector("[data-errors]")?.focus();

const texts = (form) => [...form.querySelectorAll("textarea, input[type=text], input:not([type])")].filter((field) => field.name);
const choices = (form) => [...form.querySelectorAll("input[type=radio]")];
let leaving = false;

for (const form of document.querySelectorAll("form[data-draft]")) {
  const key = form.dataset.draft;
  const saved = JSON.parse(store.get(key) || "{}");
  let restored = false;
  for (const field of texts(form)) {
    if (!field.value && saved[field.name]) { field.value = saved[field.name]; restored = true; }
  }
  // With the text comes what it was meant as: a note must not come back as a public reply.
  if (restored) for (const choice of choices(form)) choice.checked = saved[choice.name] ? saved[choice.name] === choice.value : choice.checked;
  const changed = () => texts(form).some((field) => field.value !== field.defaultValue && field.value.trim());
  form.addEventListener("input", () => {
    const written = texts(form).filter((field) => field.value);
    const kept = [...written, ...choices(form).filter((choice) => choice.checked)];
    store.set(key, written.length ? JSON.stringify(Object.fromEntries(kept.map((field) => [field.name, field.value]))) : "");
  });
  addEventListener("beforeunload", (event) => { if (!leaving && changed()) event.preventDefault(); });
}

// A choice that another one has hidden is taken back: nobody could see what is wrong.
document.addEventListener("change", (event) => {
  if (event.target.name !== "type") return;
  for (const choice of event.target.form.querySelectorAll(".when-type input:checked")) choice.checked = choice.offsetParent !== null;
});

// Once pressed, a form waits for its answer; a page shown again (Back) may send again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  form.setAttribute("aria-busy", "true");
  leaving = true;
});
addEventListener("pageshow", () => {
  leaving = false;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

// What is done in turns goes on by itself, as long as its page is open.
document.querySelector("form[data-goes-on]")?.requestSubmit();

// Grow with the text where the browser has no `field-sizing`.
if (!CSS.supports("field-sizing", "content")) {
  const grow = (field) => { field.style.height = "auto"; field.style.height = `${field.scrollHeight + 2}px`; };
  for (const field of document.querySelectorAll("textarea")) {
    if (field.value) grow(field);
    field.addEventListener("input", () => grow(field));
  }
}

// Ctrl+Enter or Cmd+Enter sends from a text field.
document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form[data-draft]");
  if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) {
    event.preventDefault();
    form.requestSubmit(form.querySelector("[data-send]") || undefined);
  }
});
