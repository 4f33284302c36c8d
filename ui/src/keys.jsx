// Keys. Single ones can be switched off (WCAG 2.1.4), and are off while somebody types.
import { h, Component } from 'preact';
import { Dialog } from './parts.jsx';
import { go } from './route.js';
import { t } from './words.js';

const OFF = 'milepost.keys';
const areOff = () => sessionStorage.getItem(OFF) === 'off';

const rows = () => [...document.querySelectorAll('main tbody tr')].map((row) => row.querySelector('a[href], button:not([disabled])')).filter((target) => target?.offsetParent);

function step(by) {
  const all = rows();
  const at = all.findIndex((target) => target.closest('tr') === document.activeElement?.closest('tr'));
  all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + by))]?.focus();
}
const press = (selector) => document.querySelector(selector)?.click();

export function listenToKeys({ help }) {
  let before = '';
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || areOff() || document.querySelector('dialog[open]')) return;
    if (event.target.closest?.('input, textarea, select, [contenteditable]')) return;
    const keys = {
      '?': help,
      '/': () => document.querySelector('main input[type=search]')?.focus(),
      j: () => step(1),
      k: () => step(-1),
      '[': () => press('.pager [data-page=previous][href]'),
      ']': () => press('.pager [data-page=next][href]'),
    };
    if (before === 'g') Object.assign(keys, { h: () => press('header .brand'), c: () => go('#/courses'), m: () => go('#/me') });
    before = event.key;
    const pause = event.key === ' ' && event.target === document.body && document.querySelector('[data-key=space]');
    const act = pause ? () => pause.click() : keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

export class KeysHelp extends Component {
  render({ onClose }) {
    return (
      <Dialog title={t('keys')} onClose={onClose}>
        <dl class="keys">
          {['/', 'g h', 'g c', 'g m', 'j k', 'Enter', '[ ]', t('space'), 'Esc', '?'].map((key) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{t(`key.${key}`)}</dd></div>)}
        </dl>
        <label class="check"><input type="checkbox" checked={!areOff()} onChange={(event) => sessionStorage.setItem(OFF, event.target.checked ? 'on' : 'off')} /> {t('keysOn')}</label>
      </Dialog>
    );
  }
}
