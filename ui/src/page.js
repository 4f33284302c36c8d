// What every page does: say its title, and be arrived at.
export function title(text) {
  document.title = `${text} - Milepost`;
}

let awaited = false;

/** Another page: reading goes on at its heading, as soon as there is one. */
export function arrive() {
  scrollTo(0, 0);
  awaited = true;
  const heading = document.querySelector('h1');
  document.activeElement?.blur?.();
  if (heading) arrived(heading);
  else document.getElementById('main')?.focus({ preventScroll: true });
}

/** A heading is there. Whoever has gone on meanwhile is not called back. */
export function arrived(heading) {
  if (awaited && [document.body, document.getElementById('main')].includes(document.activeElement)) heading.focus({ preventScroll: true });
  awaited = false;
}
