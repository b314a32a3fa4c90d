// A run's page looks again while it runs; a reader who is about to press a button is not disturbed.
(() => {
  const LOOK_AGAIN_MS = 1500;

  const look = async () => {
    const run = document.getElementById("run");
    if (!run || !("running" in run.dataset)) return;
    const answer = await fetch(location.href).catch(() => null);
    if (answer?.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("run");
      const hadFocus = run.querySelector("button") === document.activeElement;
      if (fresh) run.replaceWith(fresh);
      if (hadFocus) fresh?.querySelector("button")?.focus();
    }
    setTimeout(look, LOOK_AGAIN_MS);
  };

  setTimeout(look, LOOK_AGAIN_MS);
})();
