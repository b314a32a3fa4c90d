// Names for those who hear the page, where a library leaves them out: Select2 calls its fields nothing.
"use strict";

const NAMELESS = ".select2-selection, .select2-selection__rendered";

function nameSearchedFields() {
  for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
    const label = select.labels[0]?.textContent.trim() || select.name;
    const shown = select.nextElementSibling;
    for (const part of shown?.querySelectorAll(NAMELESS) ?? []) {
      part.removeAttribute("aria-labelledby");
      part.setAttribute("aria-label", `${label}: ${shown.textContent.trim()}`);
    }
  }
}

window.addEventListener("load", () => {
  nameSearchedFields();
  document.addEventListener("change", () => setTimeout(nameSearchedFields));
});
