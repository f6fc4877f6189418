"use strict";
(() => {
  const root = document.documentElement;
  const told = JSON.parse(document.getElementById("details").textContent);
  const drawer = document.getElementById("drawer");
  const place = document.getElementById("told");
  const marks = new Map();
  const lines = new Map();
  for (const mark of document.querySelectorAll(".mark")) marks.set(mark.dataset.id, mark);
  for (const line of document.querySelectorAll(".lines > g")) lines.set(line.dataset.from, line);

  function made(tag, text, name) {
    const one = document.createElement(tag);
    if (text !== undefined) one.textContent = text;
    if (name) one.className = name;
    return one;
  }

  // Light and dark: the reader's setting, until the button says otherwise.
  const theme = document.getElementById("theme");
  const wishes = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : wishes.matches);
  const nameTheme = () => { theme.textContent = isDark() ? "light" : "dark"; };
  function kept(value) {
    try {
      if (value) localStorage.setItem("singa-show-theme", value);
      return localStorage.getItem("singa-show-theme");
    } catch { return null; }
  }
  const before = kept();
  if (before === "dark" || before === "light") root.dataset.theme = before;
  theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; kept(root.dataset.theme); nameTheme(); });
  wishes.addEventListener("change", nameTheme);
  nameTheme();

  // What is told of the thing that was chosen.
  let chosen = null;
  let cameFrom = null;
  function light(id, on) {
    marks.get(id)?.classList.toggle("chosen", on);
    lines.get(id)?.classList.toggle("chosen", on);
  }
  function fill(id) {
    const one = told[id];
    const title = made("h2", one.t);
    title.tabIndex = -1;
    const facts = made("dl", undefined, "facts");
    for (const [label, text] of one.f) facts.append(made("dt", label), made("dd", text));
    place.replaceChildren(title, made("p", one.w, "what"), facts);
    for (const [label, others] of one.l) {
      const list = made("div", undefined, "others");
      for (const [other, name] of others) {
        const button = made("button", name);
        button.type = "button";
        button.dataset.show = other;
        list.append(button);
      }
      place.append(made("h3", label), list);
    }
    return title;
  }
  function show(id, focus) {
    if (!Object.hasOwn(told, id)) return;
    if (chosen !== null) light(chosen, false);
    if (drawer.hidden) cameFrom = document.activeElement;
    chosen = id;
    light(id, true);
    const title = fill(id);
    drawer.hidden = false;
    drawer.scrollTop = 0;
    document.body.classList.add("telling");
    if (marks.has(id)) reach(marks.get(id));
    if (focus) title.focus({ preventScroll: true });
    history.replaceState(null, "", "#" + encodeURI(id));
  }
  function close() {
    if (drawer.hidden) return;
    if (chosen !== null) light(chosen, false);
    const back = marks.get(chosen) ?? cameFrom;
    chosen = null;
    drawer.hidden = true;
    document.body.classList.remove("telling");
    back?.focus({ preventScroll: true });
    history.replaceState(null, "", location.pathname + location.search);
  }
  document.getElementById("close").addEventListener("click", close);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      document.getElementById("search").focus();
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show]");
    if (button) show(button.dataset.show, event.detail === 0);
  });

  // Brings a mark into its view, and the view into the window, no further than needed.
  function reach(mark) {
    const view = mark.closest(".view");
    const box = mark.getBoundingClientRect();
    const around = view.getBoundingClientRect();
    const room = 24;
    const low = drawer.hidden || innerWidth > 760 ? 0 : Math.max(0, around.bottom - drawer.getBoundingClientRect().top);
    if (box.left < around.left + room || box.right > around.right - room) view.scrollLeft += box.left + box.width / 2 - around.left - around.width / 2;
    if (box.top < around.top + room || box.bottom > around.bottom - room - low) view.scrollTop += box.top + box.height / 2 - around.top - (around.height - low) / 2;
    const seen = mark.getBoundingClientRect();
    if (seen.top < 70 || seen.bottom > innerHeight - 20) view.scrollIntoView({ block: "center", behavior: "auto" });
  }

  // Pictures: zoom, drag, keys.
  for (const view of document.querySelectorAll(".view")) {
    const net = view.querySelector(".net");
    const part = view.closest(".part-of-page");
    const wide = net.viewBox.baseVal.width;
    const high = net.viewBox.baseVal.height;
    let scale = 1;
    function zoom(to, x = view.clientWidth / 2, y = view.clientHeight / 2) {
      const next = Math.min(3, Math.max(0.04, to));
      const [left, top] = [(view.scrollLeft + x) / scale, (view.scrollTop + y) / scale];
      scale = next;
      net.setAttribute("width", Math.round(wide * scale));
      net.setAttribute("height", Math.round(high * scale));
      view.scrollLeft = left * scale - x;
      view.scrollTop = top * scale - y;
    }
    const whole = () => Math.min(1, (view.clientWidth - 2) / wide, (parseFloat(getComputedStyle(view).maxHeight) || high) / high);
    zoom(Math.max(0.75, whole()));
    for (const button of part.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => zoom({ in: scale * 1.25, out: scale / 1.25, fit: whole() }[button.dataset.zoom]));
    }
    view.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = view.getBoundingClientRect();
      zoom(scale * Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });

    let from = null;
    let moved = false;
    view.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button !== 0) return;
      from = [event.clientX, event.clientY, view.scrollLeft, view.scrollTop];
      moved = false;
    });
    addEventListener("pointermove", (event) => {
      if (!from) return;
      const [x, y] = [event.clientX - from[0], event.clientY - from[1]];
      if (!moved && Math.abs(x) + Math.abs(y) < 5) return;
      moved = true;
      view.classList.add("dragged");
      view.scrollTo(from[2] - x, from[3] - y);
    });
    addEventListener("pointerup", () => { from = null; view.classList.remove("dragged"); });

    const own = [...view.querySelectorAll(".mark")];
    const order = new Map(own.map((mark, number) => [mark, number]));
    let current = own[0];
    if (current) current.setAttribute("tabindex", "0");
    function stand(mark, focus) {
      if (!mark) return;
      current.setAttribute("tabindex", "-1");
      current = mark;
      current.setAttribute("tabindex", "0");
      if (focus) { current.focus({ preventScroll: true }); reach(current); }
    }
    const linked = (mark, label) => {
      const found = told[mark.dataset.id].l.find(([name]) => name === label);
      return found ? marks.get(found[1][0][0]) : undefined;
    };
    view.addEventListener("click", (event) => {
      const mark = event.target.closest(".mark");
      if (!mark || moved) return;
      stand(mark, false);
      show(mark.dataset.id, false);
    });
    view.addEventListener("keydown", (event) => {
      const mark = event.target.closest(".mark");
      if (!mark || event.ctrlKey || event.metaKey || event.altKey) return;
      const to = {
        ArrowDown: () => linked(mark, "read by"), ArrowUp: () => linked(mark, "reads"),
        ArrowRight: () => own[order.get(mark) + 1], ArrowLeft: () => own[order.get(mark) - 1],
        Home: () => own[0], End: () => own[own.length - 1],
      }[event.key];
      if (to) { event.preventDefault(); stand(to(), true); }
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); show(mark.dataset.id, true); }
    });
    const colour = part.querySelector(".colour");
    colour?.addEventListener("change", () => {
      net.dataset.colour = colour.value;
      part.querySelector(".tools .legend").dataset.colour = colour.value;
    });
  }

  for (const step of document.querySelectorAll(".step")) {
    const drawn = step.querySelector(".drawn");
    drawn.addEventListener("change", () => { step.dataset.drawn = drawn.value; });
  }

  // Finding layers: what holds the word is marked, Enter goes from one to the next.
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const names = [...marks.values()].map((mark) => [mark, (mark.getAttribute("aria-label") ?? "").toLowerCase()]);
  let hits = [];
  let at = -1;
  search.addEventListener("input", () => {
    const word = search.value.trim().toLowerCase();
    for (const mark of hits) mark.classList.remove("hit");
    hits = word ? names.filter(([, name]) => name.includes(word)).map(([mark]) => mark) : [];
    for (const mark of hits) mark.classList.add("hit");
    at = -1;
    found.textContent = word ? `${hits.length} found` : "";
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { search.value = ""; search.dispatchEvent(new Event("input")); search.blur(); }
    if (event.key !== "Enter" || !hits.length) return;
    at = (at + (event.shiftKey ? hits.length - 1 : 1)) % hits.length;
    if (at < 0) at = hits.length - 1;
    found.textContent = `${at + 1} of ${hits.length}`;
    show(hits[at].dataset.id, false);
  });

  // A link to a thing: page.html#layer/fc1
  const wanted = () => {
    let id = "";
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    if (Object.hasOwn(told, id)) show(id, false);
  };
  addEventListener("hashchange", wanted);
  wanted();
})();
