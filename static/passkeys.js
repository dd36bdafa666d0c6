/* Passkeys, and the buttons beside recovery codes; without it, the other ways to sign in work. */
(() => {
  // biome-ignore lint/suspicious/noRedundantUseStrict: a classic script, not a module
  "use strict";

  // <form data-passkey="create|get" data-options="id of JSON"> asks for a passkey before it is sent;
  // with data-challenge="url" instead, the options come from there.
  const passkeys = window.webauthnJSON;
  let waiting = null; // the request that a field's suggestions would answer

  const optionsOf = async (form, signal) => {
    if (form.dataset.options)
      return JSON.parse(document.getElementById(form.dataset.options).textContent);
    const headers = { Accept: "application/json" };
    const answer = await fetch(form.dataset.challenge, { headers, signal });
    if (!answer.ok) throw new Error(answer.statusText);
    return (await answer.json()).request_options;
  };

  const send = (form, credential) => {
    form.elements.credential.value = JSON.stringify(credential);
    form.requestSubmit();
  };

  const ask = async (form) => {
    const trouble = form.querySelector("[data-passkey-trouble]");
    trouble.hidden = true;
    waiting?.abort();
    try {
      const options = await optionsOf(form);
      send(form, await passkeys[form.dataset.passkey](options));
    } catch {
      trouble.hidden = false;
    }
  };

  // The browser offers passkeys among the suggestions of the address field.
  const suggest = async (form) => {
    if (!(await window.PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    waiting = new AbortController();
    const { signal } = waiting;
    try {
      const options = await optionsOf(form, signal);
      send(form, await passkeys.get({ ...options, mediation: "conditional", signal }));
    } catch {
      // Nobody chose one, or the button was pressed.
    }
  };

  // The answer with a challenge begins a session. If it came after another way to sign in was
  // taken, it would replace the session of the person who has just signed in.
  document.addEventListener("submit", () => waiting?.abort());

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!passkeys?.supported()) break;
    form.querySelector("[data-passkey-button]").hidden = false;
    form.querySelector("[data-passkey-missing]")?.remove();
    form.elements.credential.value = ""; // a browser may bring back what was sent before
    form.addEventListener("submit", (event) => {
      if (form.elements.credential.value) return;
      event.preventDefault();
      ask(form);
    });
    if (form.dataset.challenge) suggest(form);
  }

  // <button data-copy="id"> copies the text of that element; <button data-print> prints the page.
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      const text = document.getElementById(button.dataset.copy).textContent;
      await navigator.clipboard.writeText(text.trim());
      button.querySelector("span").textContent = button.dataset.done;
    });
  }
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
})();
