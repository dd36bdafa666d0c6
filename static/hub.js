/* Makes pages nicer to use; every one of them works without it. */
(() => {
  // biome-ignore lint/suspicious/noRedundantUseStrict: a classic script, not a module
  "use strict";

  // A form is sent once: its button says so until the page changes or comes back.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || "download" in form.dataset) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "true";
    event.submitter?.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const button of document.querySelectorAll("[aria-busy]"))
      button.removeAttribute("aria-busy");
  });

  // <a href="/page/" data-dialog="id"> opens the dialog of that id instead of the page.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      dialog.showModal();
    }
    const closer = event.target.closest("[data-close]");
    if (closer?.closest("dialog")) {
      event.preventDefault();
      closer.closest("dialog").close();
    }
  });

  // <select data-autosubmit>: a filter applies at once.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
  });

  // <label hidden><input type="checkbox" data-check-all="name"> ticks all of that name in its form.
  const showCheckAll = (part) => {
    for (const box of part.querySelectorAll("[data-check-all]"))
      box.closest("label").hidden = false;
  };
  showCheckAll(document);
  document.addEventListener("htmx:load", (event) => showCheckAll(event.detail.elt));
  document.addEventListener("change", (event) => {
    const name = event.target.dataset?.checkAll;
    if (!name) return;
    for (const box of event.target.form.elements) {
      if (box.name === name) box.checked = event.target.checked;
    }
  });

  // <details data-fold="name">: the address remembers what the reader opened or shut.
  document.addEventListener(
    "toggle",
    ({ target }) => {
      if (!target.dataset?.fold) return;
      const here = new URL(location);
      const now = target.open ? "open" : "shut";
      for (const state of ["open", "shut"]) {
        const others = here.searchParams
          .getAll(state)
          .filter((name) => name !== target.dataset.fold);
        here.searchParams.delete(state);
        for (const name of others) here.searchParams.append(state, name);
      }
      if (now !== target.dataset.default) here.searchParams.append(now, target.dataset.fold);
      if (here.href !== location.href) history.replaceState(history.state, "", here);
    },
    true,
  );

  // htmx: say aloud when a request failed, and keep the place where the reader was.
  const trouble = document.getElementById("trouble");
  const say = (event) => {
    trouble.textContent = trouble.dataset.text;
    trouble.className = "trouble notice danger";
    const form = event.detail.elt.closest("form");
    if (form?.querySelector("[role=switch]")) form.reset(); // back to what the server last said
  };
  document.addEventListener("htmx:responseError", say);
  document.addEventListener("htmx:sendError", say);
  document.addEventListener("htmx:afterRequest", (event) => {
    delete event.target.dataset?.sent;
    if (!event.detail.successful) return;
    trouble.textContent = "";
    trouble.className = "visually-hidden";
  });
})();
