// Files go up one by one as they are chosen, dropped or pasted, each with its own progress.
// Without this script the plain file field goes up with the form.
const ICON = document.querySelector("[data-icons]")?.dataset.icons;

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${ICON}#${name}`);
  svg.append(use);
  return svg;
}

function element(tag, name, text) {
  const made = document.createElement(tag);
  made.className = name;
  if (text) made.textContent = text;
  return made;
}

const megabytes = (bytes, lang) =>
  bytes < 1024 * 1024
    ? `${Math.max(1, Math.round(bytes / 1024)).toLocaleString(lang)} KB`
    : `${(bytes / 1024 / 1024).toLocaleString(lang, { maximumFractionDigits: 1 })} MB`;

function set_up(box) {
  const form = box.closest("form");
  const field = box.querySelector("input[type=file]");
  const list = box.querySelector(".upload-list");
  const status = box.querySelector("[role=status]");
  const words = box.dataset;
  const lang = document.documentElement.lang;
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const going = new Set();
  let waiting = null;

  const taken = () => list.querySelectorAll("[name=upload]").length + going.size;

  function settle() {
    status.textContent = going.size ? words.uploading.replace("%s", going.size) : "";
    if (!going.size && waiting) {
      const button = waiting.button;
      waiting = null;
      form.removeAttribute("aria-busy");
      form.requestSubmit(button || undefined);
    }
  }

  function forget(id) {
    const data = new FormData();
    data.append("upload", id);
    data.append("csrfmiddlewaretoken", token);
    fetch(words.removeUrl, { method: "POST", body: data, credentials: "same-origin" });
  }

  function drop_row(row) {
    const next = row.nextElementSibling || row.previousElementSibling;
    row.remove();
    (next?.querySelector("button") || field).focus();
  }

  function fail(row, sentence) {
    row.classList.add("upload-error");
    row.querySelector("progress")?.remove();
    row.querySelector(".upload-state").textContent = sentence;
    status.textContent = `${row.querySelector(".upload-name").textContent}: ${sentence}`;
  }

  function add(file) {
    const row = element("li", "upload-item");
    const state = element("span", "upload-state", megabytes(file.size, lang));
    const remove = element("button", "upload-remove");
    const bar = element("progress", "");
    remove.type = "button";
    remove.append(icon("x"), element("span", "hidden-text", words.remove.replace("%s", file.name)));
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    row.append(icon("file"), element("span", "upload-name", file.name), state, remove, bar);
    list.append(row);
    const request = new XMLHttpRequest();
    let id = null;
    remove.addEventListener("click", () => {
      request.abort();
      if (id) forget(id);
      drop_row(row);
    });

    if (file.size > Number(words.maxBytes)) {
      fail(row, words.tooLarge.replace("%s", megabytes(Number(words.maxBytes), lang)));
      return;
    }
    if (words.maxFiles && taken() >= Number(words.maxFiles)) {
      fail(row, words.tooMany.replace("%s", words.maxFiles));
      return;
    }
    const data = new FormData();
    data.append("file", file, file.name);
    going.add(request);
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.value = event.loaded / event.total;
      state.textContent = `${Math.floor(bar.value * 100)} % · ${megabytes(file.size, lang)}`;
    });
    request.addEventListener("loadend", () => {
      going.delete(request);
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* not ours */ }
      if (request.status === 201) {
        id = answer.id;
        const hidden = element("input", "");
        hidden.type = "hidden";
        hidden.name = "upload";
        hidden.value = id;
        bar.remove();
        state.textContent = megabytes(file.size, lang);
        row.append(hidden);
      } else if (row.isConnected) {
        fail(row, answer.error || words.failed);
        waiting = null;
        form.removeAttribute("aria-busy");
      }
      settle();
    });
    request.open("POST", words.uploadUrl);
    request.setRequestHeader("X-CSRFToken", token);
    request.setRequestHeader("Accept", "application/json");
    request.send(data);
    settle();
  }

  field.addEventListener("change", () => {
    [...field.files].forEach(add);
    field.value = "";
  });
  for (const button of list.querySelectorAll("[data-remove]")) {
    button.addEventListener("click", () => {
      forget(button.dataset.remove);
      drop_row(button.closest(".upload-item"));
    });
  }

  const carries = (event) => event.dataTransfer?.types.includes("Files");
  for (const kind of ["dragenter", "dragover"]) {
    form.addEventListener(kind, (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      box.classList.add("upload-over");
    });
  }
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) box.classList.remove("upload-over");
  });
  form.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    box.classList.remove("upload-over");
    [...event.dataTransfer.files].forEach(add);
  });
  form.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files || [])];
    if (!files.length) return;
    event.preventDefault();
    files.forEach(add);
  });

  // Sending waits for what is still going up, and for a word about what could not.
  form.addEventListener("submit", (event) => {
    const failed = list.querySelector(".upload-error button");
    if (failed) {
      event.preventDefault();
      event.stopImmediatePropagation();
      status.textContent = words.failedLeft;
      failed.focus();
      return;
    }
    if (!going.size) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting = { button: event.submitter };
    form.setAttribute("aria-busy", "true");
    status.textContent = words.waiting;
  });
}

document.querySelectorAll("[data-upload-url]").forEach(set_up);
