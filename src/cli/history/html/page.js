'use strict';
(() => {
  const rows = [...document.querySelectorAll('.row')];
  const tools = document.querySelector('.tools');
  const search = tools.querySelector('input[type=search]');
  const troubled = document.getElementById('troubled');
  const expand = document.getElementById('expand');
  const trouble = ['s-failed', 's-waiting', 's-running', 's-timed_out', 's-cancelled', 's-unfinished'];
  tools.hidden = rows.length === 0;

  const filter = () => {
    const text = search.value.trim().toLowerCase();
    for (const row of rows) {
      const named = !text || row.querySelector('summary').textContent.toLowerCase().includes(text) || row.dataset.reference.toLowerCase().includes(text);
      row.hidden = !named || (troubled.checked && !trouble.some((name) => row.classList.contains(name)));
    }
  };
  search.addEventListener('input', filter);
  troubled.addEventListener('change', filter);
  expand.addEventListener('click', () => {
    const open = expand.textContent === 'Expand all';
    rows.forEach((row) => { row.open = open; });
    expand.textContent = open ? 'Collapse all' : 'Expand all';
  });

  const picture = document.querySelector('.picture');
  const size = document.getElementById('size');
  const drawn = picture && picture.querySelector('svg');
  if (drawn && Number(drawn.getAttribute('width')) > picture.clientWidth) {
    size.hidden = false;
    size.addEventListener('click', () => {
      size.textContent = picture.classList.toggle('whole') ? 'Fit' : 'Actual size';
    });
  }

  const boxes = [...document.querySelectorAll('.picture [data-reference]')];
  const mark = (reference) => {
    rows.forEach((row) => row.classList.toggle('seen', row.dataset.reference === reference));
    boxes.forEach((box) => box.classList.toggle('seen', box.dataset.reference === reference));
  };
  for (const box of boxes) {
    box.addEventListener('click', (event) => {
      event.stopPropagation();
      mark(box.dataset.reference);
      const row = rows.find((one) => one.dataset.reference === box.dataset.reference);
      if (row) {
        search.value = '';
        troubled.checked = false;
        filter();
        row.open = true;
        row.scrollIntoView({ block: 'center', behavior: 'smooth' });
      }
    });
  }
  rows.forEach((row) => row.addEventListener('toggle', () => { if (row.open) { mark(row.dataset.reference); } }));
})();
