// SPDX-License-Identifier: Apache-2.0
// Sends what stands in a form's text to its model, and shows the answer with its status and how long it took.
"use strict";
(() => {
  const shown = (text) => {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  };
  for (const form of document.querySelectorAll("form.try")) {
    const [request, status, answer] = ["textarea", "[role=status]", "pre"].map((name) => form.querySelector(name));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      status.textContent = "…";
      const start = performance.now();
      try {
        const response = await fetch(form.dataset.address, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: request.value,
          signal: AbortSignal.timeout(60000),
        });
        const text = await response.text();
        const took = (performance.now() - start).toFixed(1);
        status.textContent = `${response.status}, ${took} ms`;
        answer.textContent = shown(text);
      } catch {
        status.textContent = "no answer from the server";
        answer.textContent = "";
      }
      answer.hidden = answer.textContent === "";
    });
  }
})();
