// The console by keyboard. Elements say their own key: data-key="r" acts, data-go="q" follows g.
const help = document.querySelector("dialog.keys");
const inField = (target) => target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog[open]");
const rows = () => [...document.querySelectorAll("[data-row]")];
let current = -1;
let going = -Infinity;

function move(step) {
  const all = rows();
  if (!all.length) return;
  const focused = all.findIndex((row) => row.contains(document.activeElement));
  current = Math.max(0, Math.min(all.length - 1, (focused >= 0 ? focused : current) + step));
  all.forEach((row, index) => row.classList.toggle("row-current", index === current));
  all[current].querySelector("[data-open]").focus();
  all[current].scrollIntoView({ block: "nearest" });
}

function act(element) {
  if (element.matches("input[type=radio]")) {
    element.checked = true;
    element.dispatchEvent(new Event("change", { bubbles: true }));
    document.getElementById(element.dataset.then)?.focus();
  } else if (element.matches("input, textarea, select")) {
    element.focus();
  } else if (element.matches("summary")) {
    element.parentElement.open = true;
    element.focus();
    element.parentElement.querySelector("input:not([type=hidden]), select, textarea, button")?.focus();
  } else {
    element.click();
  }
}

const find = (name, key) => [...document.querySelectorAll(`[data-${name}]`)].find((element) => element.dataset[name] === key);

function showHelp() {
  const list = help.querySelector("dl");
  list.querySelectorAll("[data-found]").forEach((line) => line.remove());
  for (const element of document.querySelectorAll("[data-key], [data-go]")) {
    const { key, go, keyLabel } = element.dataset;
    if (key === "?") continue;
    const line = document.createElement("div");
    const what = document.createElement("dt");
    const press = document.createElement("dd");
    line.dataset.found = "";
    what.textContent = keyLabel || element.textContent.trim();
    for (const part of key ? [key] : ["g", go]) {
      const cap = document.createElement("kbd");
      cap.textContent = part;
      press.append(cap, " ");
    }
    line.append(what, press);
    list.append(line);
  }
  help.showModal();
}

if (help && document.body.dataset.keys !== "off") {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || inField(event.target)) return;
    const key = event.key;
    let element = null;
    if (event.timeStamp - going < 1200) {
      going = -Infinity;
      element = find("go", key);
    } else if (key === "g") {
      going = event.timeStamp;
      return;
    } else if (key === "j" || key === "k") {
      event.preventDefault();
      move(key === "j" ? 1 : -1);
      return;
    } else if (key === "?") {
      event.preventDefault();
      showHelp();
      return;
    } else {
      element = find("key", key);
    }
    if (element) {
      event.preventDefault();
      act(element);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && inField(event.target) && !help.open) event.target.blur();
  });
  document.querySelector("[data-keys-help]")?.addEventListener("click", showHelp);
  help.querySelector("[data-close]").addEventListener("click", () => help.close());
}
