// The field above the navigation lists the headings that contain what is typed.
const field = document.getElementById("find");
const found = document.getElementById("found");
field.parentElement.hidden = false;
field.addEventListener("input", () => {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = words.length === 0 ? [] : headings.filter(([heading, page]) => {
    const text = (heading + " " + page).toLowerCase();
    return words.every((w) => text.includes(w));
  });
  found.replaceChildren(...hits.slice(0, 30).map(([heading, page, address]) => {
    const a = document.createElement("a");
    a.href = document.body.dataset.root + address;
    a.textContent = heading;
    if (page !== heading) {
      const of = document.createElement("small");
      of.textContent = " " + page;
      a.append(of);
    }
    const li = document.createElement("li");
    li.append(a);
    return li;
  }));
});
document.addEventListener("keydown", (e) => {
  if (e.key === "/" && document.activeElement !== field) {
    e.preventDefault();
    field.focus();
  }
});
