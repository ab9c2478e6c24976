// SPDX-License-Identifier: Apache-2.0
// Looks for news every few seconds while the page is in sight, and changes only what is different. Without it, the page is
// the same, and reloading shows the news.
"use strict";
(() => {
  const main = document.querySelector("main[data-refresh]");
  if (!main) return;
  const freshness = document.getElementById("freshness");
  const pause = Number(main.dataset.refresh) * 1000;

  const say = (text, state) => {
    if (freshness.textContent !== text) freshness.textContent = text;
    freshness.className = state;
  };

  // A reader who has selected text is not disturbed.
  const isBusy = () => !document.getSelection().isCollapsed;

  // What a focused element is, so that its successor can take the focus.
  const identity = (element) =>
    [element.tagName, element.closest("details")?.id, ...["href", "aria-label", "aria-labelledby"].map((name) => element.getAttribute(name))].join("|");

  const update = (fetched) => {
    const open = [...main.querySelectorAll("details[open]")].map((details) => details.id);
    const scrolled = [...main.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
    const focused = document.activeElement;
    const sought = focused !== main && main.contains(focused) ? identity(focused) : null;
    main.replaceChildren(...fetched.childNodes);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    main.querySelectorAll(".scroll").forEach((box, index) => { box.scrollLeft = scrolled[index] ?? 0; });
    if (sought) {
      const focusable = [...main.querySelectorAll("a, summary, [tabindex]")];
      focusable.find((element) => identity(element) === sought)?.focus({ preventScroll: true });
    }
  };

  let last = main.innerHTML;
  const look = async () => {
    if (!document.hidden && !isBusy()) {
      try {
        const answer = await fetch(location.pathname + location.search, { cache: "no-store", signal: AbortSignal.timeout(10000) });
        if (!answer.ok) throw new Error(String(answer.status));
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fetched = page.querySelector("main");
        const text = fetched.innerHTML;
        if (text !== last && !isBusy()) {
          update(fetched);
          last = text;
        }
        say("live", "live");
        if (!fetched.dataset.refresh) return say("", "");
      } catch {
        say("no answer from the server", "lost");
      }
    }
    setTimeout(look, pause);
  };
  say("live", "live");
  setTimeout(look, pause);
})();
