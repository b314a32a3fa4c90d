// Quick keys by their place on the keyboard (`code`), so that a Russian layout does not matter.
(() => {
  const byId = (id) => document.getElementById(id);
  const isTyping = (element) => element.matches("textarea, select, input:not([type=checkbox]), [contenteditable]");
  const openPanel = () => document.querySelector(".review-panel[open]");

  const open = (panel) => {
    for (const other of document.querySelectorAll(".review-panel")) other.open = other === panel;
    panel.querySelector(".review-choice")?.focus();
  };

  const approve = () => {
    const confirm = byId("confirm");
    if (confirm && !confirm.checked) {
      confirm.scrollIntoView({ block: "nearest" });
      confirm.focus();
    } else {
      byId("approve").click();
    }
  };

  const edit = () => {
    const text = byId("id_text");
    text.focus();
    text.setSelectionRange(text.value.length, text.value.length);
  };

  const actions = {
    KeyA: () => byId("approve") && approve(),
    KeyE: () => byId("id_text") && edit(),
    KeyR: () => byId("reject") && open(byId("reject")),
    KeyS: () => byId("schedule") && open(byId("schedule")),
    KeyJ: () => document.querySelector("[data-key=KeyJ]")?.click(),
    KeyK: () => document.querySelector("[data-key=KeyK]")?.click(),
  };

  const digit = (code) => Number(/^(?:Digit|Numpad)([1-9])$/.exec(code)?.[1] ?? 0);

  const leave = (event) => {
    const panel = openPanel();
    if (panel) {
      panel.open = false;
      panel.querySelector("summary").focus();
    } else if (isTyping(event.target)) {
      event.target.blur();
    }
  };

  const press = (event) => {
    if (event.key === "?" || event.code === "Slash") return byId("help").showModal();
    const choice = openPanel()?.querySelectorAll(".review-choice")[digit(event.code) - 1];
    if (choice) return choice.click();
    // An open panel asks something else: no letter decides past it.
    if (openPanel() && !["KeyR", "KeyS"].includes(event.code)) return undefined;
    return actions[event.code]?.();
  };

  document.addEventListener("keydown", (event) => {
    // A held key repeats itself; one key press is one step.
    if (event.repeat || event.isComposing || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.code === "Enter" && (event.ctrlKey || event.metaKey) && event.target === byId("id_text")) {
      event.preventDefault();
      approve();
      return;
    }
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") { leave(event); return; }
    const known = event.code in actions || event.key === "?" || event.code === "Slash" || digit(event.code);
    if (!known || isTyping(event.target)) return;
    event.preventDefault(); // the letter must not land in the box that the key opens
    press(event);
  });

  // A panel closes when the pointer goes elsewhere, as menus do.
  document.addEventListener("pointerdown", (event) => {
    const panel = openPanel();
    if (panel && !panel.contains(event.target)) panel.open = false;
  });

  const button = byId("help-button");
  button.hidden = false;
  button.addEventListener("click", () => byId("help").showModal());
})();
