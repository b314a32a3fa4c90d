// Parts of a page that keep up with the hub while it is looked at: `data-refresh` says every how many seconds.
document.addEventListener("DOMContentLoaded", () => {
  for (const part of document.querySelectorAll("[data-refresh]")) follow(part.id, Number(part.dataset.refresh) * 1000);
});

function follow(id, every) {
  const PATIENCE = 15_000; // milliseconds
  let timer = 0, asking = false;

  const refresh = async () => {
    clearTimeout(timer);
    if (document.hidden || asking) return;
    asking = true;
    try {
      const answer = await fetch(location.href, { signal: AbortSignal.timeout(PATIENCE), redirect: "error" });
      if (!answer.ok) throw new Error(answer.statusText);
      show(new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id));
    } catch {
      // The next try comes by itself; what stands here is as old as it says.
    }
    asking = false;
    timer = setTimeout(refresh, every);
  };

  const show = (fresh) => {
    const part = document.getElementById(id);
    // Nothing moves under a finger or a reader's keyboard, and what is the same stays.
    if (!fresh || part.contains(document.activeElement) || part.matches(":hover")) return;
    if (part.innerHTML.trim() !== fresh.innerHTML.trim()) part.replaceChildren(...fresh.childNodes);
  };

  document.addEventListener("visibilitychange", refresh);
  timer = setTimeout(refresh, every);
}
