// Keeps "3 min ago" and "2 h 10 left" true while a page stays open. The words come from <body data-…>.
const words = document.body.dataset;
const DAY = 1440;

function span(minutes) {
  if (minutes < 60) return `${minutes} min`;
  if (minutes >= DAY) return `${Math.floor(minutes / DAY)} d`;
  const rest = minutes % 60;
  return rest ? `${Math.floor(minutes / 60)} h ${String(rest).padStart(2, "0")}` : `${minutes / 60} h`;
}

function relative(seconds) {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  if (!minutes) return words.now;
  return (seconds < 0 ? words.ago : words.in).replace("%s", span(minutes));
}

function refresh(root) {
  const now = Date.now();
  for (const time of root.querySelectorAll("time[data-relative]")) {
    const seconds = (Date.parse(time.dateTime) - now) / 1000;
    let shown = time.querySelector(".instant-relative");
    if (!shown) {
      const absolute = document.createElement("span");
      absolute.className = "instant-absolute";
      absolute.append(...time.childNodes);
      shown = document.createElement("span");
      shown.className = "instant-relative";
      time.append(shown, " ", absolute);
    }
    shown.textContent = relative(seconds);
  }
  for (const due of root.querySelectorAll("[data-due]")) tick(due, now);
}

// What runs is told by the server's clock: this machine's may be wrong. The difference is taken when the chip is first seen.
function tick(due, now) {
  due.dataset.ahead ??= due.dataset.now ? Date.parse(due.dataset.now) - now : 0;
  const at = now + Number(due.dataset.ahead);
  const left = Date.parse(due.dataset.due) - at;
  const state = left < 0 ? "late" : at >= Date.parse(due.dataset.warns) ? "soon" : "left";
  const minutes = Math.max(1, Math.floor(Math.abs(left) / 60000));
  due.querySelector(".chip-text").textContent = (state === "late" ? words.late : words.left).replace("%s", span(minutes));
  due.classList.remove("due-left", "due-soon", "due-late");
  due.classList.add(`due-${state}`);
  if (state === "late") {
    const icon = due.querySelector("use");
    icon?.setAttribute("href", icon.getAttribute("href").replace(/#.*/, "#alert"));
  }
}

if (words.ago) {
  refresh(document);
  setInterval(() => document.hidden || refresh(document), 30000);
  document.addEventListener("visibilitychange", () => document.hidden || refresh(document));
  document.addEventListener("part:loaded", (event) => refresh(event.target));
  document.addEventListener("htmx:afterSwap", (event) => refresh(event.target));
}
