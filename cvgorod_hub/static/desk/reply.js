// The form under a conversation: its length, what it answers, one post only, and nothing typed is left unasked.
(() => {
  const form = document.getElementById("reply-form");
  const text = document.querySelector("#reply-form #id_text:not([readonly])");
  if (!text) return;
  const byId = (id) => document.getElementById(id);
  const send = byId("send");

  const showLength = () => {
    const limit = Number(text.dataset.limit);
    const count = [...text.value.trim()].length; // code points, not UTF-16 units
    byId("text-count").textContent = count > limit / 2 ? `${count} / ${limit}` : "";
    byId("text-count").classList.toggle("is-over", count > limit);
    send.disabled = count === 0 || count > limit;
    if (count === 0) byId("came-meanwhile").hidden = true;
  };

  const answer = (link) => {
    const said = link.closest(".bubble");
    byId("answer").value = link.dataset.answer;
    byId("quoted-words").textContent = (said.querySelector(".bubble-text") ?? said.querySelector(".bubble-media")).textContent.slice(0, 80);
    byId("quoted").hidden = false;
    text.focus();
  };

  document.addEventListener("DOMContentLoaded", () => {
    text.addEventListener("input", showLength);
    text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing && !send.disabled) form.requestSubmit(send);
    });
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-answer]");
      if (!link || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      answer(link);
    });
    byId("quoted-off").addEventListener("click", (event) => {
      event.preventDefault();
      byId("answer").value = "";
      byId("quoted").hidden = true;
      text.focus();
    });
    // The server makes one reply of one form; a second click would only be told so.
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
    });
    addEventListener("pageshow", () => { delete form.dataset.sent; });
    addEventListener("beforeunload", (event) => { if (!form.dataset.sent && text.value.trim()) event.preventDefault(); });
    showLength();
  });
})();
