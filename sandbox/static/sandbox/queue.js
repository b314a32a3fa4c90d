// The queue: how many are chosen, and numbers that keep up with the hub while the page is looked at.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("queue-form");
  if (form) followChoice(form);
  const numbers = document.getElementById("queue-numbers");
  if (numbers) followNumbers(numbers);
});

function followChoice(form) {
  const boxes = [...form.querySelectorAll(".card-check")];
  const all = document.getElementById("queue-all");
  const chosen = document.getElementById("queue-chosen");
  const across = document.getElementById("queue-across");
  const isAcross = form.elements.select_across;
  const buttons = form.querySelectorAll(".queue-decide .queue-button");

  const show = () => {
    const count = boxes.filter((box) => box.checked).length;
    if (all) {
      all.checked = count === boxes.length;
      all.indeterminate = count > 0 && count < boxes.length;
    }
    if (across) across.hidden = count < boxes.length || isAcross.value === "1";
    for (const button of buttons) button.disabled = count === 0;
    if (chosen) chosen.value = isAcross?.value === "1" ? chosen.dataset.all : count;
  };
  form.addEventListener("change", (event) => {
    if (event.target === all) boxes.forEach((box) => { box.checked = all.checked; });
    if (isAcross) isAcross.value = "0"; // a tick says which ones; "all" was said before it
    show();
  });
  across?.addEventListener("click", () => { isAcross.value = "1"; show(); });
  // A double click must not become two decisions; the server would refuse the second, but list it as skipped.
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => { delete form.dataset.sent; show(); });
}

function followNumbers(section) {
  const EVERY = 10_000, PATIENCE = 8_000; // milliseconds
  const heard = document.getElementById("queue-heard");
  const old = document.getElementById("queue-old");
  let timer = 0, asking = false;

  const refresh = async () => {
    clearTimeout(timer);
    if (document.hidden || asking) return;
    asking = true;
    try {
      const answer = await fetch(section.dataset.url, { signal: AbortSignal.timeout(PATIENCE), redirect: "error" });
      if (!answer.ok) throw new Error(answer.statusText);
      show(await answer.json());
      old.hidden = true;
    } catch {
      old.hidden = false; // said on the page; the next try comes by itself
    }
    asking = false;
    timer = setTimeout(refresh, EVERY);
  };

  const show = (now) => {
    const changes = [];
    for (const [name, value] of Object.entries(now.numbers)) {
      const figure = section.querySelector(`[data-number="${name}"]`);
      if (figure.dataset.value === String(value)) continue;
      figure.dataset.value = value;
      const place = figure.querySelector("dd a") ?? figure.querySelector("dd");
      const said = `${figure.querySelector("dt").textContent}: ${value}`;
      place.textContent = value;
      if (place.hasAttribute("aria-label")) place.setAttribute("aria-label", said);
      if (name !== "oldest") changes.push(said); // the minutes that pass are no news
    }
    if (changes.length) heard.textContent = changes.join(", ");
    replace(document.getElementById("queue-banners"), now.banners);
    announce(now.fresh_text);
  };

  // Only what differs: a status that is written again is read out again.
  const replace = (place, html) => {
    const now = document.createElement("template");
    now.innerHTML = html; // from our own template, escaped there
    if (now.innerHTML.trim() !== place.innerHTML.trim()) place.replaceChildren(now.content);
  };
  const announce = (text) => {
    const place = document.getElementById("queue-fresh");
    if (place.textContent === text) return;
    const link = document.createElement("a");
    link.href = location.pathname;
    link.textContent = text;
    place.replaceChildren(...(text ? [link] : []));
  };

  document.addEventListener("visibilitychange", refresh);
  timer = setTimeout(refresh, EVERY);
}
