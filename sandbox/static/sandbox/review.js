// The review page: the newest message in view, the text's length as Telegram counts it, one decision only.
document.addEventListener("DOMContentLoaded", () => {
  const conversation = document.getElementById("conversation");
  if (conversation) conversation.scrollTop = conversation.scrollHeight;

  const text = document.getElementById("id_text");
  const count = document.getElementById("text-count");
  if (text && count) {
    const limit = Number(text.dataset.limit);
    const show = () => {
      const length = [...text.value.trim()].length; // code points, not UTF-16 units
      count.textContent = `${length} / ${limit}`;
      count.classList.toggle("is-over", length > limit);
    };
    text.addEventListener("input", show);
    show();
  }

  // A double click must not become two decisions; the server would refuse the second, but with an error.
  const form = document.getElementById("review-form");
  if (form) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
    window.addEventListener("pageshow", () => delete form.dataset.sent);
  }
});
