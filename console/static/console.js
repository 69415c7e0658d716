// What pages do better with scripts; they work without.
"use strict";

// "/" goes to the search field.
addEventListener("keydown", (e) => {
  if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)) return;
  const find = document.getElementById("find");
  if (find) { e.preventDefault(); find.focus(); }
});

// j and k go down and up a list, Enter opens the row.
addEventListener("keydown", (e) => {
  if (!["j", "k", "Enter"].includes(e.key) || e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT|BUTTON|A|SUMMARY)$/.test(e.target.tagName)) return;
  const rows = [...document.querySelectorAll("table[data-keys] tbody tr")], at = rows.findIndex((r) => "at" in r.dataset);
  if (!rows.length) return;
  if (e.key === "Enter") { if (at >= 0) rows[at].querySelector("a")?.click(); return; }
  e.preventDefault();
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + (e.key === "j" ? 1 : -1)))];
  if (at >= 0) delete rows[at].dataset.at;
  next.dataset.at = "";
  next.scrollIntoView({block: "nearest"});
});

// One box ticks all of a list.
for (const all of document.querySelectorAll("input[data-all]")) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of all.closest("table").querySelectorAll("tbody input[type=checkbox]")) box.checked = all.checked;
  });
}

// Times until a cut-off count down.
function countdown() {
  for (const t of document.querySelectorAll("time[data-until]")) {
    const left = Math.round((new Date(t.dateTime) - Date.now()) / 60000);
    let s = t.nextElementSibling;
    if (!s) { s = document.createElement("span"); s.className = "left"; t.after(s); }
    s.textContent = left < 0 || left > 24 * 60 ? "" : ` −${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    s.classList.toggle("soon", left >= 0 && left < 60);
  }
}
countdown();
setInterval(countdown, 30000);

// Files can be dropped anywhere on the form; large ones show how far they are.
for (const form of document.querySelectorAll("form[data-drop]")) {
  const input = form.querySelector("input[type=file]"), bar = form.querySelector("progress");
  for (const kind of ["dragenter", "dragover"]) form.addEventListener(kind, (e) => { e.preventDefault(); form.classList.add("over"); });
  for (const kind of ["dragleave", "drop"]) form.addEventListener(kind, () => form.classList.remove("over"));
  form.addEventListener("drop", (e) => {
    e.preventDefault();
    if (e.dataTransfer.files.length === 1) input.files = e.dataTransfer.files;
  });
  form.addEventListener("submit", (e) => {
    if (!input.files.length || input.files[0].size < 1 << 20) return;
    e.preventDefault();
    const x = new XMLHttpRequest();
    x.open("POST", form.action);
    bar.hidden = false;
    x.upload.onprogress = (p) => { if (p.lengthComputable) bar.value = 100 * p.loaded / p.total; };
    x.onload = () => {
      if (x.responseURL && x.status < 400) { location.href = x.responseURL; return; }
      document.open(); document.write(x.responseText); document.close();
    };
    x.onerror = () => form.submit();
    x.send(new FormData(form));
  });
}

// What is marked live is fetched again when something happened, unless somebody writes
// in it.
if (document.querySelector("[data-live]") && window.EventSource) {
  let waits = 0;
  async function again() {
    waits = 0;
    if (document.hidden) { waits = setTimeout(again, 5000); return; }
    const r = await fetch(location.href, {credentials: "same-origin"});
    if (!r.ok || r.redirected) return;
    const page = new DOMParser().parseFromString(await r.text(), "text/html");
    for (const old of document.querySelectorAll("[data-live]")) {
      const now = page.getElementById(old.id);
      if (!now || now.innerHTML === old.dataset.was || old.contains(document.activeElement) && /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName) || old.querySelector("details[open]")) continue;
      const was = now.innerHTML;
      if (was === old.innerHTML) continue;
      old.replaceChildren(...now.childNodes);
      old.dataset.was = was;
    }
    countdown();
    document.body.dataset.updated = String(Number(document.body.dataset.updated || 0) + 1);
  }
  if (document.querySelector("main[data-stale]")) waits = setTimeout(again, 3000);
  const events = new EventSource("/live");
  // What happened before the connection stood is not told.
  events.addEventListener("open", () => { if (!waits) waits = setTimeout(again, 700); });
  events.addEventListener("changed", () => { if (!waits) waits = setTimeout(again, 700); });
  addEventListener("pagehide", () => events.close());
}
