"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const last = data.told.length - 1;
  const rows = [...document.querySelectorAll(".story li")];
  const ways = new Map();
  for (const way of document.querySelectorAll(".way")) ways.set(Number(way.dataset.flight), way);
  let step = -1;

  const make = (name, text, kind) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  // The world after a step: the first one, and on it every change up to there. `old` is what the last step replaced.
  const worldAfter = (upTo) => {
    const world = data.start.map((one) => one.entries.map(([, text]) => ({ text, old: null })));
    for (let k = 1; k <= upTo; k++) {
      for (const [section, entry, text] of data.changes[k]) {
        const place = world[section][entry];
        world[section][entry] = { text, old: k === upTo ? place.text : null };
      }
    }
    return world;
  };

  const tokens = (text) => text.match(/\w+|\s+|[^\w\s]/g) || [];

  // How long the longest common part of two lists is, from each place in one and in the other to their ends.
  const common = (a, b) => {
    const rows = [new Uint16Array(b.length + 1)];
    for (let i = a.length - 1; i >= 0; i--) {
      const row = new Uint16Array(b.length + 1), below = rows[rows.length - 1];
      for (let j = b.length - 1; j >= 0; j--) {
        row[j] = a[i] === b[j] ? below[j + 1] + 1 : Math.max(below[j], row[j + 1]);
      }
      rows.push(row);
    }
    return rows.reverse();
  };

  // An old and a new text as pieces [what stays, what goes, what comes]; signs between two changes count as changed.
  const differing = (before, after) => {
    const a = tokens(before), b = tokens(after), pieces = [["", "", ""]];
    const large = a.length * b.length > 250000, rows = large ? null : common(a, b);
    let i = 0, j = 0;
    const keep = (text) => {
      const piece = pieces[pieces.length - 1];
      if (piece[1] || piece[2]) pieces.push([text, "", ""]);
      else piece[0] += text;
    };
    while (i < a.length || j < b.length) {
      const piece = pieces[pieces.length - 1];
      if (i < a.length && j < b.length && a[i] === b[j]) { keep(a[i]); i++; j++; }
      else if (large) { piece[1] += a.slice(i).join(""); piece[2] += b.slice(j).join(""); break; }
      else if (j === b.length || (i < a.length && rows[i + 1][j] >= rows[i][j + 1])) piece[1] += a[i++];
      else piece[2] += b[j++];
    }
    return pieces.reduce((done, [same, gone, come]) => {
      const last = done[done.length - 1];
      if (last && (gone || come) && !/\w/.test(same)) { last[1] += same + gone; last[2] += same + come; }
      else done.push([same, gone, come]);
      return done;
    }, []);
  };

  const shown = (entry) => {
    const value = make("dd");
    if (entry.old === null) {
      value.textContent = entry.text || "none";
      return value;
    }
    value.className = "changed";
    value.append(make("span", "changed: ", "vh"));
    for (const [same, gone, come] of differing(entry.old, entry.text)) {
      value.append(same);
      if (gone) value.append(make("span", "was ", "vh"), make("del", gone), come ? " " : "");
      if (come) value.append(make("span", " now ", "vh"), make("ins", come));
    }
    return value;
  };

  const section = (about, entries) => {
    const box = make("section"), title = make("h2", about.name), list = make("dl"), calm = make("dl");
    title.append(make("small", about.kind));
    entries.forEach((entry, place) => {
      const [name, , quiet] = about.entries[place];
      if (about.node && name === "status") {
        if (entry.text !== "up" || entry.old !== null) title.append(make("span", entry.text, "status " + entry.text));
      } else if (entry.text || entry.old) {
        const label = make("dt", name);
        if (entry.old !== null) label.className = "changed";
        (quiet ? calm : list).append(label, shown(entry));
      }
    });
    box.append(title);
    if (list.children.length) box.append(list);
    if (calm.children.length) {
      const more = make("details", undefined, "calm");
      more.append(make("summary", `${calm.children.length / 2} more, the same throughout`), calm);
      box.append(more);
    }
    if (entries.some((entry) => entry.old !== null)) box.className = "acts";
    return box;
  };

  const listed = (title, lines) => {
    const box = make("section"), list = make("ul");
    box.append(make("h2", title));
    for (const [text, fresh] of lines) {
      const line = make("li", text, fresh ? "new" : "");
      if (fresh) line.prepend(make("span", "new: ", "vh"));
      list.append(line);
    }
    box.append(lines.length ? list : make("p", "none", "none"));
    return box;
  };

  const aloft = ([begun, ended, , , , stays], now) => !stays && begun <= now && (ended === null || now < ended);

  const draw = (now) => {
    const world = worldAfter(now), open = at("world").querySelectorAll(".calm");
    const opened = [...open].map((one) => one.open);
    const messages = data.flights.filter((one) => aloft(one, now));
    const parts = data.start.map((about, place) => [about.node, section(about, world[place])]);
    const nodes = parts.filter(([node]) => node).map(([, part]) => part);
    const monitors = parts.filter(([node]) => !node).map(([, part]) => part);
    const flights = messages.map(([begun, , source, target, text]) => [`${source} \u2192 ${target}  ${text}`, begun === now]);
    const cuts = data.cuts.filter(([since, until]) => since <= now && (until === null || now < until));
    const lists = [listed("In flight", flights)];
    if (data.cuts.length) lists.push(listed("Cut links", cuts.map(([since, , text]) => [text, since === now])));
    at("world").replaceChildren(...nodes, ...lists, ...monitors);
    at("world").querySelectorAll(".calm").forEach((one, place) => { one.open = Boolean(opened[place]); });
  };

  // Where the world is taller than its place, what changed in it comes into view.
  const follow = () => {
    const place = document.querySelector("aside"), part = at("world").querySelector(".acts");
    if (!part || place.scrollHeight <= place.clientHeight) return;
    const top = part.getBoundingClientRect().top - place.getBoundingClientRect().top;
    if (top < 0 || top + part.offsetHeight > place.clientHeight) place.scrollTop += top - 48;
  };

  const highlight = (now) => {
    data.flights.forEach((one, number) => {
      const way = ways.get(number);
      if (!way) return;
      way.classList.toggle("aloft", aloft(one, now));
      way.classList.toggle("sent", one[0] === now);
      way.classList.toggle("now", one[1] === now);
    });
    const row = rows[now];
    at("here").hidden = false;
    at("here").style.top = row.offsetTop + "px";
    at("here").style.height = row.offsetHeight + "px";
  };

  const show = (wanted, how) => {
    const now = Math.min(Math.max(wanted, 0), last);
    if (now === step) return;
    const before = rows[step];
    step = now;
    at("number").textContent = at("after").textContent = String(now);
    at("slider").value = now;
    at("slider").setAttribute("aria-valuetext", `${now} of ${last}`);
    at("told").textContent = `Step ${now}. ${data.told[now]}${now === last ? ". " + at("ending").textContent : ""}`;
    at("first").disabled = at("back").disabled = now === 0;
    at("next").disabled = at("last").disabled = now === last;
    if (before) before.firstChild.removeAttribute("aria-current");
    for (const row of rows) row.firstChild.tabIndex = -1;
    rows[now].firstChild.tabIndex = 0;
    rows[now].firstChild.setAttribute("aria-current", "step");
    draw(now);
    follow();
    highlight(now);
    if (how !== "quiet") history.replaceState(null, "", "#step=" + now);
    if (how === "focus") rows[now].firstChild.focus({ preventScroll: true });
    if (how !== "quiet") rows[now].scrollIntoView({ block: "nearest" });
  };

  const asked = () => {
    const found = /^#step=(\d{1,6})$/.exec(location.hash);
    return found ? Number(found[1]) : null;
  };

  const KEYS = { ArrowLeft: () => step - 1, ArrowRight: () => step + 1, Home: () => 0, End: () => last };
  const INSIDE = { ArrowUp: () => step - 1, ArrowDown: () => step + 1 };

  at("first").addEventListener("click", () => show(0));
  at("back").addEventListener("click", () => show(step - 1));
  at("next").addEventListener("click", () => show(step + 1));
  at("last").addEventListener("click", () => show(last));
  at("slider").addEventListener("input", () => show(Number(at("slider").value)));
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, summary, aside")) return;
    const inside = event.target.closest(".story");
    const key = KEYS[event.key] || (inside && INSIDE[event.key]);
    if (!key) return;
    event.preventDefault();
    show(key(), inside ? "focus" : undefined);
  });
  at("rows").addEventListener("click", (event) => {
    const row = event.target.closest("li");
    if (!row) return;
    event.preventDefault();
    show(rows.indexOf(row), "focus");
  });
  window.addEventListener("hashchange", () => { if (asked() !== null) show(asked()); });
  window.addEventListener("resize", () => highlight(step));

  at("controls").hidden = false;
  const measure = () => {
    document.documentElement.style.setProperty("--nav", at("controls").offsetHeight + "px");
  };
  measure();
  new ResizeObserver(measure).observe(at("controls"));
  at("box").open = matchMedia("(min-width: 70rem)").matches;
  const first = asked();
  show(first === null ? 0 : first, first === null ? "quiet" : undefined);
  if (first !== null) {
    window.addEventListener("load", () => { rows[step].scrollIntoView({ block: "center" }); });
  }
})();
