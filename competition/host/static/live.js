// Keeps a part of the page fresh while it is looked at: fetches the page again, swaps that part in.
"use strict";

const part = document.querySelector("[data-live]");

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-live]");
  if (fresh && fresh.innerHTML !== part.innerHTML) part.innerHTML = fresh.innerHTML;
}

if (part) setInterval(() => refresh().catch(() => {}), Number(part.dataset.live) * 1000);
