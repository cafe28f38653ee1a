// Parts of a page that htmx fetches again. The content policy allows nothing inline and nothing evaluated.
Object.assign(htmx.config, { includeIndicatorStyles: false, allowEval: false, historyEnabled: false });

// What is fetched without anybody's doing says so: it must not keep an abandoned window signed in. While nobody looks, nothing is fetched.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.target.matches("[data-unattended]")) event.detail.headers.Unattended = "yes";
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches("[data-unattended]")) event.preventDefault();
});
