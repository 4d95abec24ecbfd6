"use strict";
(() => {
  const table = document.getElementById("table");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const calls = [...document.querySelectorAll("article.call")];
  const boxes = [...document.querySelectorAll("details")];
  const form = document.getElementById("filters");
  const find = document.getElementById("find");
  const count = document.getElementById("count");
  const selects = [...form.querySelectorAll("select")];
  const heads = [...table.tHead.rows[0].cells];
  const words = new Map();
  for (const row of rows) {
    const call = document.getElementById(row.dataset.call);
    words.set(row, `${row.textContent} ${call.textContent}`.toLowerCase());
  }

  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const key = (row, column) => row.cells[column].dataset.sort;
  const compare = (one, other) => {
    if (one === "" || other === "") return (one === "") - (other === "");
    return collator.compare(one, other);
  };
  const sort = (column) => {
    const up = heads[column].getAttribute("aria-sort") !== "ascending";
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[column].setAttribute("aria-sort", up ? "ascending" : "descending");
    const sign = up ? 1 : -1;
    const sorted = [...rows].sort((a, b) => sign * compare(key(a, column), key(b, column)));
    body.append(...sorted);
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(column));
    // A browser that repeats the head on every printed page leaves its buttons empty.
    const printed = document.createElement("span");
    printed.className = "for-print";
    printed.textContent = head.textContent;
    head.replaceChildren(button, printed);
  });
  heads[heads.length - 1].setAttribute("aria-sort", "ascending");

  const matches = (row) =>
    words.get(row).includes(find.value.trim().toLowerCase()) &&
    selects.every((each) => !each.value || `=${row.dataset[each.dataset.filter]}` === each.value);
  const filter = () => {
    let left = 0;
    for (const row of rows) {
      const fits = matches(row);
      left += fits;
      row.classList.toggle("filtered", !fits);
      document.getElementById(row.dataset.call).classList.toggle("filtered", !fits);
    }
    const all = rows.length;
    const noun = all === 1 ? "call" : "calls";
    if (left === all) count.textContent = `${all} ${noun}`;
    else if (left) count.textContent = `${left} of ${all} ${noun}`;
    else count.textContent = `None of ${all} ${noun} fits. “Show all” brings them back.`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));

  const open = (all, state) => {
    for (const each of all) each.open = state;
  };
  const inCalls = calls.map((call) => call.querySelector("details"));
  document.getElementById("open-all").addEventListener("click", () => open(inCalls, true));
  document.getElementById("close-all").addEventListener("click", () => open(inCalls, false));
  const follow = () => {
    const call = calls.find((each) => `#${each.id}` === location.hash);
    if (!call) return;
    const box = call.querySelector("details");
    box.open = true;
    call.classList.remove("filtered");
    box.querySelector("summary").focus();
    call.scrollIntoView();
  };
  table.addEventListener("click", (event) => {
    if (event.target.closest("a")) setTimeout(follow);
  });
  addEventListener("hashchange", follow);

  let before = null;
  const expand = () => {
    before ??= boxes.map((each) => each.open);
    open(boxes, true);
  };
  const restore = () => {
    before?.forEach((state, at) => { boxes[at].open = state; });
    before = null;
  };
  addEventListener("beforeprint", expand);
  addEventListener("afterprint", restore);
  const printing = matchMedia("print");
  printing.addEventListener("change", () => (printing.matches ? expand() : restore()));

  form.hidden = false;
  for (const each of document.querySelectorAll(".controls")) each.hidden = false;
  open(boxes, false);
  if (printing.matches) expand();
  follow();
})();
