// Parts of pages, loaded in place: a link's page below it, and what a form's choice would do. Without this, link and button do the same.
async function load(url) {
  const answer = await fetch(url, { headers: { "X-Part": "yes" }, credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return document.importNode(page.querySelector("[data-part]"), true);
}

function place(part, put) {
  put(part);
  part.dispatchEvent(new CustomEvent("part:loaded", { bubbles: true }));
}

for (const details of document.querySelectorAll("details[data-part-from]")) {
  details.addEventListener("toggle", async () => {
    const empty = details.querySelector("[data-part]:empty");
    if (!details.open || !empty) return;
    try {
      const part = await load(details.dataset.partFrom);
      place(part, (fresh) => empty.replaceWith(fresh));
    } catch { /* the link below leads to the same */ }
  });
}

for (const form of document.querySelectorAll("form[data-part-form]")) {
  const button = form.querySelector("[data-part-button]")?.closest("p");
  if (button) button.hidden = true;
  let asked = 0;
  form.addEventListener("change", async (event) => {
    if (event.target.type !== "radio") return;
    const turn = ++asked;
    const chosen = new FormData(form);
    const query = new URLSearchParams({ type: chosen.get("type") || "", severity: chosen.get("severity") || "" });
    try {
      const part = await load(`${location.pathname}?${query}`);
      if (turn === asked) place(part, (fresh) => form.querySelector(`[data-part="${form.dataset.partForm}"]`).replaceWith(fresh));
    } catch { // what stands there is about another choice; the button asks without this script
      if (turn !== asked) return;
      form.querySelector(`[data-part="${form.dataset.partForm}"]`).hidden = true;
      if (button) button.hidden = false;
    }
  });
}

// What a form would do, as its fields are filled in.
for (const form of document.querySelectorAll("form[data-part-live]")) {
  const button = form.querySelector("[data-part-button]");
  const fields = form.dataset.partLive.split(" ");
  if (button) button.hidden = true;
  let asked = 0;
  let waiting = 0;
  const ask = async () => {
    const turn = ++asked;
    const filled = new FormData(form);
    try {
      const part = await load(`${form.action}?${new URLSearchParams(fields.map((name) => [name, filled.get(name) || ""]))}`);
      if (turn === asked) place(part, (fresh) => form.querySelector("[data-part]").replaceWith(fresh));
    } catch { // the button asks without this script
      if (button) button.hidden = false;
    }
  };
  form.addEventListener("input", (event) => {
    if (!fields.includes(event.target.name)) return;
    clearTimeout(waiting);
    waiting = setTimeout(ask, 300);
  });
}
