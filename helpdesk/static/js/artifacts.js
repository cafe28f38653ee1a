// A release's file goes up as a stream of its own, whatever its size, with progress. Without this script the form sends it, up to a limit.
const form = document.querySelector("[data-artifact-upload]");
const field = form.querySelector("input[type=file]");
const list = form.querySelector(".upload-list");
const status = form.querySelector("[role=status]");
const words = form.dataset;
const lang = document.documentElement.lang;
const going = new Set();

const megabytes = (bytes) => `${(bytes / 1024 / 1024).toLocaleString(lang, { maximumFractionDigits: 1 })} MB`;

function element(tag, name, text) {
  const made = document.createElement(tag);
  made.className = name;
  if (text) made.textContent = text;
  return made;
}

function fail(row, sentence) {
  row.classList.add("upload-error");
  row.querySelector("progress")?.remove();
  row.querySelector("button")?.remove();
  row.querySelector(".upload-state").textContent = sentence;
  status.textContent = sentence;
}

function send(file) {
  const row = element("li", "upload-item");
  const state = element("span", "upload-state", megabytes(file.size));
  const stop = element("button", "button button-small", words.stop);
  const bar = element("progress", "");
  stop.type = "button";
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  row.append(element("span", "", ""), element("span", "upload-name", file.name), state, stop, bar);
  list.append(row);
  if (file.size > Number(words.maxBytes)) {
    fail(row, words.tooLarge);
    return;
  }
  const request = new XMLHttpRequest();
  stop.addEventListener("click", () => {
    request.abort();
    row.remove();
  });
  going.add(request);
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.value = event.loaded / event.total;
    state.textContent = `${Math.floor(bar.value * 100)} % · ${megabytes(event.loaded)} / ${megabytes(file.size)}`;
  });
  request.addEventListener("loadend", () => {
    going.delete(request);
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* not ours */ }
    if (request.status !== 201) {
      if (row.isConnected) fail(row, answer.error || words.failed);
    } else if (!going.size && !list.querySelector(".upload-error")) {
      location.reload();
    } else {
      stop.remove();
      bar.remove();
      state.textContent = `100 % · ${megabytes(answer.size)}`;
    }
  });
  const about = new URLSearchParams({ name: file.name, kind: form.elements.kind.value, sha256: form.elements.sha256.value });
  request.open("POST", `${form.getAttribute("action")}?${about}`);
  request.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.send(file);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  event.stopImmediatePropagation();
  list.querySelectorAll(".upload-error").forEach((row) => row.remove());  // what is sent now is the answer to it
  status.textContent = "";
  [...field.files].forEach(send);
  field.value = "";
  form.elements.sha256.value = "";
}, true);

addEventListener("beforeunload", (event) => { if (going.size) event.preventDefault(); });
