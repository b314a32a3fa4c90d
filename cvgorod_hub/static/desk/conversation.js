// A conversation that is read back and forth and followed: older and newer parts come as they are scrolled to,
// what is new comes by itself, a quotation or a hit of the search leads to its message. All of it is links without this.
(() => {
  const EVERY = 5_000, PATIENCE = 8_000; // milliseconds
  const NEAR = "600px"; // so early the next part is asked for
  const AT_END = 80; // pixels: so near it counts as the end
  const HEADERS = { "X-Requested-With": "fetch" };

  const byId = (id) => document.getElementById(id);
  const talk = byId("conversation");
  const newest = byId("newest");
  const seen = byId("seen");
  const more = (where) => talk.querySelector(`:scope > [data-more="${where}"]`);
  const rows = () => [...talk.querySelectorAll(":scope > [data-at]")];
  const isAtEnd = () => !more("later") && talk.scrollHeight - talk.scrollTop - talk.clientHeight < AT_END;
  let wasAtEnd = false;
  const toEnd = () => { talk.scrollTop = talk.scrollHeight; wasAtEnd = true; };

  // Time, messages before drafts, number: the order in which the server has them.
  const order = (one, other) =>
    Number(one.dataset.at) - Number(other.dataset.at)
    || ("draft" in one.dataset) - ("draft" in other.dataset)
    || Number(one.dataset.id) - Number(other.dataset.id);

  const fragment = (html) => {
    const list = document.createElement("ol");
    list.innerHTML = html; // from our own templates, escaped there
    return list;
  };

  // Every day has one name, above the first of its rows.
  const nameDays = () => {
    const names = new Map();
    for (const name of talk.querySelectorAll(":scope > .conversation-day")) {
      if (!names.has(name.dataset.day)) names.set(name.dataset.day, name);
      name.remove();
    }
    let day = "";
    for (const row of rows()) {
      if (row.dataset.day === day) continue;
      day = row.dataset.day;
      if (names.has(day)) row.before(names.get(day));
    }
  };

  // A row takes its place; the one that it replaces keeps what was opened in it.
  const put = (row) => {
    const before = byId(row.id);
    if (before?.outerHTML === row.outerHTML) return false;
    for (const [at, details] of before?.querySelectorAll("details").entries() ?? []) {
      const same = row.querySelectorAll("details")[at];
      if (same && details.open) same.open = true;
    }
    before?.remove();
    const next = rows().find((other) => order(row, other) < 0);
    const end = more("later") ?? talk.querySelector(":scope > [data-open]");
    if (next) next.before(row); else if (end) end.before(row); else talk.append(row);
    return !before;
  };

  // --- Parts ---
  let loading = false;
  const fetchPart = async (url) => {
    const answer = await fetch(url, { headers: HEADERS, signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(answer.statusText);
    return fragment(await answer.text());
  };

  const load = async (where) => {
    const link = more(where);
    if (!link || loading) return;
    loading = true;
    try {
      const part = await fetchPart(link.querySelector("a").href);
      const fromEnd = talk.scrollHeight - talk.scrollTop, fromTop = talk.scrollTop;
      const further = part.querySelector(`:scope > [data-more="${where}"]`);
      for (const other of part.querySelectorAll(":scope > [data-more], :scope > [data-empty]")) other.remove();
      const known = [...part.children].filter((row) => !row.id || !byId(row.id));
      if (where === "earlier") link.after(...known); else link.before(...known);
      if (further) link.replaceWith(further); else link.remove();
      nameDays();
      talk.scrollTop = where === "earlier" ? talk.scrollHeight - fromEnd : fromTop;
    } catch {
      byId("talk-old").hidden = false; // the link stays, and can be pressed
    }
    loading = false;
    watchEdges();
    showNewest();
  };

  const edges = new IntersectionObserver(
    (seenEdges) => { for (const edge of seenEdges) if (edge.isIntersecting) load(edge.target.dataset.more); },
    { root: talk, rootMargin: `${NEAR} 0px` },
  );
  const watchEdges = () => {
    edges.disconnect();
    for (const where of ["earlier", "later"]) if (more(where)) edges.observe(more(where));
  };

  // --- One message ---
  const show = (row) => {
    for (const other of talk.querySelectorAll(".is-opened")) other.classList.remove("is-opened");
    row.classList.add("is-opened");
    const top = row.offsetTop - talk.offsetTop - Math.max(16, (talk.clientHeight - row.offsetHeight) / 2);
    talk.scrollTop = top;
    for (const hit of document.querySelectorAll("[data-hit]")) {
      if (hit.dataset.hit === row.dataset.id) hit.setAttribute("aria-current", "true"); else hit.removeAttribute("aria-current");
    }
  };

  const goTo = async (id, url, remember = true) => {
    let row = byId(`message-${id}`);
    if (!row) {
      let part;
      try { part = await fetchPart(url); } catch { location.assign(url); return; }
      edges.disconnect();
      talk.replaceChildren(...part.childNodes);
      row = byId(`message-${id}`);
    }
    if (remember) history.pushState({ id }, "", url);
    if (row) { show(row); row.tabIndex = -1; row.focus({ preventScroll: true }); }
    watchEdges();
    showNewest();
  };

  const linkTo = (id) => {
    const words = talk.dataset.words ? `q=${encodeURIComponent(talk.dataset.words)}&` : "";
    return `${talk.dataset.url}?${words}message=${id}#message-${id}`;
  };

  const onLink = (event) => {
    const link = event.target.closest("a[href*='#message-']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || link.closest("[data-more]")) return;
    const [, id] = /#message-(\d+)$/.exec(link.href);
    if (link.pathname !== talk.dataset.url) return;
    event.preventDefault();
    goTo(id, linkTo(id));
  };

  // --- What is new ---
  let unread = 0, since = talk.dataset.since, latestSeen = seen?.value, timer = 0, asking = false;

  const showNewest = () => {
    if (isAtEnd()) unread = 0;
    newest.hidden = isAtEnd();
    newest.classList.toggle("has-news", unread > 0);
    byId("newest-words").textContent = unread ? newest.dataset.new.replace("{n}", unread) : newest.dataset.usual;
  };

  const take = (now) => {
    const stays = isAtEnd();
    const first = rows()[0];
    const came = [];
    for (const row of fragment(now.lines).querySelectorAll(":scope > li")) {
      if (!row.dataset.at) { talk.append(row); continue; } // a day's name finds its place below
      const isBefore = more("earlier") && first && order(row, first) < 0;
      const isBeyond = more("later") && rows().every((other) => order(other, row) < 0);
      if (!byId(row.id) && isBefore) continue; // comes when it is scrolled to
      if (isBeyond) { if (!("draft" in row.dataset)) came.push(row); continue; }
      talk.querySelector(":scope > [data-empty]")?.remove();
      byId(`draft-${row.dataset.draft}`)?.matches("[data-open]") && byId(`draft-${row.dataset.draft}`).remove();
      if (put(row) && !("draft" in row.dataset)) came.push(row);
    }
    takeOpenDrafts(now.drafts);
    nameDays();
    since = now.since;
    if (stays) toEnd(); else unread += came.length;
    tell(came, now);
    showNewest();
  };

  const takeOpenDrafts = (html) => {
    if (more("later")) return;
    const drafts = [...fragment(html).children];
    const before = [...talk.querySelectorAll(":scope > [data-open]")];
    if (drafts.map((row) => row.outerHTML).join() === before.map((row) => row.outerHTML).join()) return;
    for (const row of before) row.remove();
    for (const row of drafts) byId(row.id)?.remove();
    talk.append(...drafts);
  };

  const tell = (came, now) => {
    const others = came.filter((row) => !row.matches(".bubble-ours, .conversation-service"));
    if (others.length) {
      const last = others.at(-1);
      byId("talk-heard").textContent = `${last.querySelector(".bubble-author")?.textContent ?? ""}: ${last.querySelector(".bubble-text")?.textContent ?? ""}`;
    }
    latestSeen = now.seen;
    const notice = byId("came-meanwhile");
    if (notice && others.length && isWriting) notice.hidden = false;
  };

  // Whoever begins to write with the newest words in view has read what the page shows by now, and no more.
  let isWriting = Boolean(byId("id_text")?.value.trim());
  const onInput = (event) => {
    const writes = event.target.value.trim() !== "";
    if (writes && !isWriting && isAtEnd()) { seen.value = latestSeen; byId("came-meanwhile").hidden = true; }
    isWriting = writes;
  };

  const showWaiting = (words) => {
    const chip = byId("talk-waiting");
    chip.textContent = words;
    chip.hidden = !words;
  };

  const ask = async () => {
    clearTimeout(timer);
    if (document.hidden || asking) return;
    asking = true;
    const drafts = [...talk.querySelectorAll(":scope > [data-open]")].map((row) => row.dataset.open);
    const query = new URLSearchParams({ since, drafts: drafts.join(), q: talk.dataset.words });
    try {
      const answer = await fetch(`${talk.dataset.news}?${query}`, { signal: AbortSignal.timeout(PATIENCE), redirect: "error" });
      if (!answer.ok) throw new Error(answer.statusText);
      const now = await answer.json();
      // Very much came: the newest part is read anew, unless somebody reads further up.
      if (now.again && isAtEnd()) talk.replaceChildren(...(await fetchPart(newest.href)).childNodes);
      if (now.again) since = now.since; else take(now);
      showWaiting(now.waiting);
      byId("talk-old").hidden = true;
    } catch {
      byId("talk-old").hidden = false; // said on the page; the next try comes by itself
    }
    asking = false;
    timer = setTimeout(ask, EVERY);
  };

  // --- From the beginning ---
  const open = () => {
    const id = talk.dataset.opened ?? /^#message-(\d+)$/.exec(location.hash)?.[1];
    if (id && byId(`message-${id}`)) show(byId(`message-${id}`));
    else if (id) goTo(id, linkTo(id), false);
    else if (!more("later")) toEnd();
  };

  document.addEventListener("DOMContentLoaded", () => {
    open();
    document.fonts.ready.then(() => { open(); watchEdges(); showNewest(); }); // other letters, other heights
    document.addEventListener("click", onLink);
    talk.addEventListener("click", (event) => {
      const link = event.target.closest("[data-more] a");
      if (link && !event.ctrlKey && !event.metaKey) { event.preventDefault(); load(link.closest("[data-more]").dataset.more); }
    });
    if (seen) byId("id_text")?.addEventListener("input", onInput);
    talk.addEventListener("scroll", () => { wasAtEnd = isAtEnd(); showNewest(); }, { passive: true });
    // A keyboard on a phone, a longer reply in the box: whoever was at the end stays there.
    new ResizeObserver(() => { if (wasAtEnd) toEnd(); showNewest(); }).observe(talk);
    newest.addEventListener("click", (event) => {
      if (more("later") || event.ctrlKey || event.metaKey) return; // the link leads there
      event.preventDefault();
      toEnd();
      showNewest();
    });
    addEventListener("popstate", () => location.reload());
    document.addEventListener("visibilitychange", ask);
    timer = setTimeout(ask, EVERY);
  });
})();
