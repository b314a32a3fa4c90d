// Names for those who hear the page, where libraries leave them out.
"use strict";

{
  // Select2 calls its fields nothing.
  const nameSearchedFields = () => {
    for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
      const label = select.labels[0]?.textContent.trim() || select.name;
      const shown = select.nextElementSibling;
      for (const part of shown?.querySelectorAll(".select2-selection, .select2-selection__rendered") ?? []) {
        part.removeAttribute("aria-labelledby");
        part.setAttribute("aria-label", `${label}: ${part.textContent.trim()}`);
      }
    }
  };

  // What is edited within a list has its name in the column's head.
  const nameCells = () => {
    for (const input of document.querySelectorAll("#result_list td :is(input, select)")) {
      const row = input.closest("tr")?.querySelector("th, td a")?.textContent.trim() ?? "";
      const column = input.closest("td").dataset.label ?? "";
      if (input.type !== "hidden" && !input.labels?.length) {
        input.setAttribute("aria-label", `${column}: ${row}`);
      }
    }
  };

  window.addEventListener("load", () => {
    nameCells();
    // jQuery calls what waits for the page in the order of asking: Select2 is there by then, after "load" or not.
    const jQuery = window.django?.jQuery;
    jQuery?.(nameSearchedFields);
    jQuery?.(document).on("change", "select", () => setTimeout(nameSearchedFields));
  });
}
