// The review page: the newest message in view, the text's length and its preview while typing, one decision only.
(() => {
  // Nobody reads a draft in less; until then a second click or key that was meant for the reply before does nothing.
  const SETTLE_MS = 500;
  const PREVIEW_AFTER_MS = 250;

  const byId = (id) => document.getElementById(id);
  const conversation = byId("conversation");
  const form = byId("review-form");
  const text = byId("id_text");
  const time = byId("id_scheduled_at");
  const approve = byId("approve");

  const toTheNewest = () => { conversation.scrollTop = conversation.scrollHeight; };

  // More of the history without leaving the page: what was typed stays. Without this the link itself does it.
  const showEarlier = async (link) => {
    const answer = await fetch(link.href);
    if (!answer.ok) { location.assign(link.href); return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fromTheEnd = conversation.scrollHeight - conversation.scrollTop;
    conversation.replaceChildren(...page.getElementById("conversation").childNodes);
    conversation.scrollTop = conversation.scrollHeight - fromTheEnd;
    conversation.focus({ preventScroll: true });
  };

  const length = () => [...text.value.trim()].length; // code points, not UTF-16 units

  // The limit, and a button that says what it will do or why it cannot.
  const showLength = () => {
    const limit = Number(text.dataset.limit);
    const count = length();
    byId("text-count").textContent = `${count} / ${limit}`;
    byId("text-count").classList.toggle("is-over", count > limit);
    const later = byId("preview").firstElementChild?.dataset.later;
    const verb = later ? approve.dataset.later : approve.dataset.now;
    const over = approve.dataset.over.replace("{n}", count - limit);
    approve.querySelector(".review-verb").textContent = count > limit ? over : count === 0 ? approve.dataset.empty : verb;
    approve.disabled = "blocked" in approve.dataset || count > limit || count === 0;
  };

  let asked = 0;
  const showPreview = async () => {
    const turn = ++asked;
    const answer = await fetch(text.dataset.preview, { method: "POST", body: new FormData(form) }).catch(() => null);
    if (!answer?.ok || turn !== asked) return; // away, or overtaken by a later one
    byId("preview").innerHTML = await answer.text();
    showLength();
  };

  let waiting;
  const changed = () => {
    showLength();
    clearTimeout(waiting);
    waiting = setTimeout(showPreview, PREVIEW_AFTER_MS);
  };

  const watchBox = () => {
    text.addEventListener("input", changed);
    time.addEventListener("input", changed);
    for (const choice of document.querySelectorAll("[data-time]")) {
      choice.addEventListener("click", () => {
        time.value = choice.dataset.time;
        byId("schedule").open = false;
        approve.focus({ preventScroll: true });
        changed();
      });
    }
    byId("id_reason").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing) { event.preventDefault(); byId("reject-own").click(); }
    });
    // What was typed and neither saved nor sent is not left without a question.
    addEventListener("beforeunload", (event) => {
      if (!form.dataset.sent && text.value !== text.dataset.saved) event.preventDefault();
    });
    showLength();
  };

  // One decision: neither a double click nor one that was meant for the page before.
  const guardDecisions = () => {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent || !form.dataset.ready) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
    });
    addEventListener("pageshow", () => {
      delete form.dataset.sent;
      delete form.dataset.ready;
      requestAnimationFrame(() => setTimeout(() => { form.dataset.ready = "yes"; }, SETTLE_MS));
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    toTheNewest();
    document.fonts.ready.then(toTheNewest); // other letters, other heights
    conversation.addEventListener("click", (event) => {
      const link = event.target.closest("#earlier");
      if (link && !event.ctrlKey && !event.metaKey) { event.preventDefault(); showEarlier(link); }
    });
    guardDecisions();
    if (text) watchBox();
  });
})();
