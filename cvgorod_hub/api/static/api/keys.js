// Copies what the button names; where the page may not, it is selected for the keyboard.
"use strict";
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    getSelection().selectAllChildren(source);
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      source.focus();
      return;
    }
    document.getElementById("key-copied").textContent = button.dataset.copied;
  });
}
