// Menus are <details>: close them by Escape, by a click outside, and when another opens.
const open = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of open()) {
    menu.open = false;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
});

// What scrolls sideways can be reached by keyboard.
for (const box of document.querySelectorAll(".prose pre, .prose table, .table-wrap")) {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
}
