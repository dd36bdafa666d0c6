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

  // <a href="/page/" data-panel> shows the page's form in the panel instead of the page.
  const panel = document.getElementById("panel");
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("a[data-panel]");
    if (!opener || !panel || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    htmx.ajax("GET", opener.href, { target: panel, swap: "innerHTML" }).then(() => {
      if (!panel.childElementCount) return location.assign(opener.href);
      panel.setAttribute("aria-labelledby", "panel-title");
      panel.showModal();
      panel.querySelector(".typeahead:not(:has(.chip)) [role=combobox]")?.focus();
    });
  });
  panel?.addEventListener("close", () => panel.replaceChildren());

  // <input type="date" data-checks="id">: a day that is chosen chooses its option as well.
  document.addEventListener("input", (event) => {
    const option = document.getElementById(event.target.dataset?.checks);
    if (option && event.target.value) option.checked = true;
    const day = event.target.form?.querySelector(`[data-checks]`);
    if (day && event.target.type === "radio" && day.dataset.checks !== event.target.id)
      day.value = "";
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

  // <p data-selected="name"> in a .selection says how many boxes of that name are ticked.
  const showSelected = () => {
    for (const text of document.querySelectorAll("[data-selected]")) {
      const { selected, one, many } = text.dataset;
      const ticked = `input[type=checkbox][name="${selected}"]:checked`;
      const count = document.querySelectorAll(ticked).length;
      text.closest(".selection").hidden = !count;
      text.textContent = count === 1 ? one : many.replace("#", count);
    }
  };
  showSelected();
  document.addEventListener("change", showSelected);
  document.addEventListener("htmx:load", showSelected);
  window.addEventListener("pageshow", showSelected);

  // [role=combobox]: htmx fills its listbox; arrows point, Enter chooses, Escape closes. In a .typeahead
  // what is chosen is a ticked box before the text; another combobox has links, which are followed.
  const partsOf = (input) => {
    const list = document.getElementById(input.getAttribute("aria-controls"));
    const box = input.closest(".typeahead");
    return { box, list, template: box?.querySelector("template") };
  };
  const optionsIn = (list) => [
    ...list.querySelectorAll("[role=option]:not([hidden], [aria-disabled])"),
  ];
  let named = 0;
  const pointAt = (input, option) => {
    for (const other of partsOf(input).list.querySelectorAll("[aria-selected=true]"))
      other.setAttribute("aria-selected", "false");
    input.removeAttribute("aria-activedescendant");
    if (!option) return;
    option.id ||= `option-${++named}`;
    option.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };
  const showOptions = (input, shown) => {
    partsOf(input).list.hidden = !shown;
    input.setAttribute("aria-expanded", String(shown));
    if (!shown) pointAt(input);
  };
  const choose = (input, option) => {
    const { box, template } = partsOf(input);
    if (!template) return option.click();
    const chosen = [...box.querySelectorAll(".chip input")];
    if (!("multiple" in box.dataset)) for (const old of chosen) old.closest(".chip").remove();
    if (!("multiple" in box.dataset) || !chosen.some((old) => old.value === option.dataset.value)) {
      const chip = template.content.cloneNode(true);
      chip.querySelector("input").value = option.dataset.value;
      chip.querySelector("span").textContent = option.querySelector("span").textContent;
      input.before(chip);
    }
    box.querySelector(".typeahead-candidates")?.remove();
    input.value = "";
    showOptions(input, false);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  document.addEventListener("keydown", (event) => {
    const input = event.target;
    if (!input.matches?.("[role=combobox]")) return;
    const { box, list } = partsOf(input);
    const options = list.hidden ? [] : optionsIn(list);
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) return htmx.trigger(input, "suggest");
      const step = event.key === "ArrowDown" ? 1 : -1;
      pointAt(input, options.at((at < 0 && step < 0 ? 0 : at) + step) ?? options[0]);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      choose(input, options[at]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      showOptions(input, false);
    } else if (event.key === "Backspace" && box && !input.value) {
      const last = [...box.querySelectorAll(".chip")].at(-1);
      last?.remove();
      if (last) input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
  // The search of every page: / (WCAG 2.1.4: it can be turned off) and Ctrl-K lead to it; on a phone it is a page of its own.
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
    const search = document.getElementById("search");
    const slash = search?.ariaKeyShortcuts.startsWith("/") && !isTyping; // a setting of the profile
    const isSlash = event.key === "/" && slash && !event.ctrlKey && !event.metaKey;
    const isK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
    if (!(isSlash || isK) || !search || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    if (!search.checkVisibility()) return location.assign(search.form.action);
    search.focus();
    search.select();
  });
  document.addEventListener("mousedown", (event) => {
    if (event.target.closest?.("[role=listbox]")) event.preventDefault(); // the text keeps the focus
  });
  document.addEventListener("click", (event) => {
    const option = event.target.closest(".typeahead [role=option]");
    const input = event.target.closest(".typeahead")?.querySelector("[role=combobox]");
    if (option && !option.ariaDisabled) choose(input, option);
    else if (event.target === input && partsOf(input).list.hidden) htmx.trigger(input, "suggest");
  });
  document.addEventListener("change", (event) => {
    const chip = event.target.closest(".typeahead .chip");
    const input = chip?.closest(".typeahead").querySelector("[role=combobox]");
    if (!chip || event.target.checked) return;
    chip.remove();
    input.focus();
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.matches?.("[role=combobox]")) showOptions(event.target, false);
  });
  document.addEventListener("htmx:configRequest", (event) => {
    const input = event.detail.elt;
    if (input.matches("[role=combobox]")) event.detail.parameters = { q: input.value };
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const input = event.detail.requestConfig?.elt;
    if (!input?.matches("[role=combobox]") || document.activeElement !== input) return;
    const { box, list } = partsOf(input);
    const typed = input.value.trim().toLowerCase();
    for (const option of list.querySelectorAll(".typeahead-fixed [role=option]"))
      option.hidden = !option.textContent.toLowerCase().includes(typed);
    showOptions(input, list.textContent.trim() !== "");
    const options = optionsIn(list);
    const status = box?.querySelector("[role=status]");
    if (status) status.textContent = options.length ? "" : list.textContent.trim();
    if (typed) pointAt(input, options[0]);
  });
  // What was typed before htmx listened is searched for as well.
  document.addEventListener("htmx:load", (event) => {
    const field = document.activeElement;
    if (event.target !== document.body || field.value === field.defaultValue) return;
    if (field.matches("[role=combobox]")) htmx.trigger(field, "suggest");
    else if (field.form?.matches("[hx-get]")) htmx.trigger(field.form, "submit");
  });

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
