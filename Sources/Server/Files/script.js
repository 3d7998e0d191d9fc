// Forms change the page in place; without a script they load it anew.
"use strict";
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const data = new URLSearchParams(new FormData(form));
  if (event.submitter && event.submitter.name) {
    data.set(event.submitter.name, event.submitter.value);
  }
  event.preventDefault();
  const label = event.submitter ? event.submitter.getAttribute("aria-label") : null;
  const isPost = form.method === "post";
  const target = new URL(form.getAttribute("action"), location.href);
  if (!isPost) target.search = data;
  try {
    const answer = await fetch(target, isPost ? { method: "POST", body: data } : {});
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.getElementById("main");
    if (!main) throw new Error("no page");
    document.getElementById("main").replaceWith(main);
    document.title = page.title;
    history.replaceState(null, "", answer.url);
    if (isPost) {
      // Where the list is, for those who do not see it move.
      document.getElementById("list").focus({ preventScroll: true });
      const note = document.getElementById("note");
      const text = note.textContent;
      note.textContent = "";
      setTimeout(() => { note.textContent = text; }, 50);
    } else {
      const field = document.getElementById(form.role === "search" || data.has("q") ? "q" : "user");
      if (field) field.focus();
    }
  } catch (error) {
    const note = document.getElementById("note");
    note.textContent = `${label || "The request"} failed: ${error.message}. Try again.`;
  }
});
