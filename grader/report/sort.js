"use strict";
(function () {
  var table = document.getElementById("map"), body = table.tBodies[0], rows = Array.prototype.slice.call(body.rows);
  var search = document.getElementById("search"), state = document.getElementById("state"), shown = document.getElementById("shown");
  var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
  var texts = rows.map(function (r) { return (r.cells[0].textContent + " " + r.cells[r.cells.length - 1].textContent).toLowerCase(); });

  function filter() {
    var words = search.value.toLowerCase().split(/\s+/), n = 0;
    rows.forEach(function (r, i) {
      var hit = (!state.value || r.dataset.state === state.value) && words.every(function (w) { return texts[i].indexOf(w) >= 0; });
      r.hidden = !hit;
      if (hit) n++;
    });
    shown.textContent = n + " of " + rows.length + " shown";
  }

  function key(cell) {
    if (cell.dataset.v !== undefined) return parseFloat(cell.dataset.v);
    if (!cell.querySelector(".sr")) return cell.textContent.trim().toLowerCase();
    var points = parseFloat(cell.lastChild.textContent);
    return isNaN(points) ? -1 : points;
  }

  function sort(column, down) {
    var keyed = rows.map(function (r, i) { return { row: r, key: key(r.cells[column]), at: i }; });
    keyed.sort(function (a, b) {
      var d = typeof a.key === "number" ? a.key - b.key : a.key.localeCompare(b.key, undefined, { numeric: true });
      return (down ? -d : d) || a.at - b.at;
    });
    keyed.forEach(function (k) { body.appendChild(k.row); });
    heads.forEach(function (h, i) {
      if (i === column) h.setAttribute("aria-sort", down ? "descending" : "ascending");
      else h.removeAttribute("aria-sort");
    });
  }

  heads.forEach(function (h, i) {
    var button = document.createElement("button");
    button.type = "button";
    while (h.firstChild) button.appendChild(h.firstChild);
    button.addEventListener("click", function () { sort(i, h.getAttribute("aria-sort") === "ascending"); });
    h.appendChild(button);
  });
  search.addEventListener("input", filter);
  state.addEventListener("change", filter);
  document.getElementById("tools").hidden = false;
  filter();
})();
