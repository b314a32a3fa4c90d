// Labels that open their choice in place, and buttons that say "right": without leaving what one reads.
// Without this script the same links and forms lead to a page and back.
(() => {
  const HEADERS = { "X-Requested-With": "fetch" };
  let dialog;
  let opener;

  const makeDialog = () => {
    dialog = document.createElement("dialog");
    dialog.className = "correction";
    dialog.setAttribute("aria-labelledby", "correction-title");
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
    });
    dialog.addEventListener("submit", (event) => { event.preventDefault(); post(event.target, event.submitter); });
    document.body.append(dialog);
  };

  const show = (html) => {
    dialog.innerHTML = html;
    dialog.querySelector("[data-close]").hidden = false;
  };

  // Where the label is, within the window; a phone shows it at the bottom (labels.css).
  const place = () => {
    const label = opener.getBoundingClientRect();
    const left = Math.min(label.left, innerWidth - dialog.offsetWidth - 12);
    const below = label.bottom + 6;
    const top = below + dialog.offsetHeight > innerHeight - 12 ? innerHeight - dialog.offsetHeight - 12 : below;
    dialog.style.setProperty("--left", `${Math.max(12, left)}px`);
    dialog.style.setProperty("--top", `${Math.max(12, top)}px`);
  };

  const open = async (label) => {
    const answer = await fetch(label.href, { headers: HEADERS }).catch(() => null);
    if (!answer?.ok) { location.assign(label.href); return; }
    if (!dialog) makeDialog();
    opener = label;
    show(await answer.text());
    dialog.querySelector("details").addEventListener("toggle", place);
    dialog.showModal();
    place();
    const part = dialog.querySelector(`[data-field="${label.dataset.correct || "intent"}"]`);
    (part.querySelector("[aria-pressed=true]") ?? part.querySelector("button, summary")).focus();
  };

  const labelsOf = (id) => document.querySelectorAll(`[data-labels="${id}"]`);

  // The labels as they stand now, wherever the page shows this message.
  const renew = (id, html) => {
    for (const labels of labelsOf(id)) labels.outerHTML = html;
    labelsOf(id)[0]?.querySelector("a, button")?.focus({ preventScroll: true });
  };

  const idOf = (address) => /\/(\d+)\/correct\//.exec(address)[1];

  const post = async (form, submitter) => {
    const address = submitter?.getAttribute("formaction") || form.getAttribute("action");
    const body = new FormData(form, submitter);
    const answer = await fetch(address, { method: "POST", body, headers: HEADERS }).catch(() => null);
    const html = answer ? await answer.text() : "";
    if (answer?.ok) {
      dialog?.close();
      renew(idOf(address), html);
    } else if (answer?.status === 409 || answer?.status === 422) {
      if (!dialog) makeDialog();
      show(html);
      if (!dialog.open) { opener = submitter; dialog.showModal(); place(); }
    } else {
      location.reload();
    }
  };

  document.addEventListener("click", (event) => {
    const label = event.target.closest("a[data-correct]");
    if (!label || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(label);
  });
  document.getElementById("correction-form").addEventListener("submit", (event) => {
    event.preventDefault();
    post(event.target, event.submitter);
  });
})();
